using System.Text.Json;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>One learning rate that was tried.</summary>
/// <param name="LearningRate">The rate.</param>
/// <param name="Accuracy">Top-1 on the validation split after the search's epochs, 0 to 1.</param>
/// <param name="Loss">Cross-entropy there; NaN when training diverged.</param>
public sealed record TriedRate(double LearningRate, double Accuracy, double Loss);

/// <summary>Chooses a learning rate: every candidate trains a fresh head for a few epochs; the one with the best
/// validation accuracy wins, the lower loss deciding between equals.</summary>
public static class LearningRateSearch
{
    private const string Kind = "learning-rate-search/1", Tried = "tried";

    /// <summary>Tries the recipe's candidates.</summary>
    /// <param name="source">Features.</param>
    /// <param name="recipe">Head, optimiser, candidates.</param>
    /// <param name="train">Images to train on.</param>
    /// <param name="validation">Images that decide.</param>
    /// <param name="progress">Counts images.</param>
    /// <param name="device">Where heads are trained; the CPU when left out.</param>
    /// <param name="path">File of the state that a search which was stopped goes on from, with the same bits; it is
    /// written after every epoch and every few minutes. Null for none.</param>
    /// <param name="saveEvery">Time between two savings within an epoch; five minutes when null.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <returns>All that were tried, in the order of the recipe.</returns>
    public static IReadOnlyList<TriedRate> Run(IFeatureSource source, TrainRecipe recipe, IReadOnlyList<int> train,
        IReadOnlyList<int> validation, IRunProgress progress, Device? device = null,
        string? path = null, TimeSpan? saveEvery = null, CancellationToken cancellation = default)
    {
        var epochs = Math.Min(recipe.SearchEpochs, recipe.Epochs);
        // Frozen features are the same for all: they are calculated once, and every candidate learns from them.
        IReadOnlyList<double[]> groups = source.Trained is null
            ? [[.. recipe.SearchRates]]
            : [.. recipe.SearchRates.Select(rate => (double[])[rate])];
        var (tried, begun) = Load(path);
        var first = groups.TakeWhile((_, i) => groups.Take(i + 1).Sum(group => group.Length) <= tried.Count).Count();
        using var bar = progress.Begin("learning rate", groups.Count * (long)epochs * train.Count, "images",
            first * (long)epochs * train.Count + Done(begun, train.Count, recipe.Batch));
        foreach (var rates in groups.Skip(first))
        {
            var trainings = new List<HeadTraining>();
            var note = $"lr {string.Join(", ", rates.Select(rate => $"{rate:g}"))}";
            var saves = new SaveTimer(saveEvery);
            void Keep() => Save(path, tried, trainings);
            try
            {
                foreach (var rate in rates) trainings.Add(new HeadTraining(source, recipe, rate, device));
                Load(trainings, begun);
                begun = null;
                while (trainings[0].Epoch < epochs)
                {
                    HeadTraining.RunEpoch(trainings, train, (images, _) =>
                    {
                        bar.Advance(images, note);
                        saves.WhenDue(Keep);
                    }, cancellation);
                    Keep();
                }
                HeadTraining[] whole = [.. trainings.Where(training => training.IsFinite)];
                var scores = HeadEvaluation.Run([.. whole.Select(training => training.Head)], source, validation,
                    recipe.AtOnce, cancellation: cancellation);
                var scored = whole.Zip(scores).ToDictionary();
                tried.AddRange(trainings.Select(training =>
                    scored.TryGetValue(training, out var score) && score is not null && double.IsFinite(score.Loss)
                        ? new TriedRate(training.LearningRate, score.Accuracy, score.Loss)
                        : new TriedRate(training.LearningRate, 0, double.NaN)));
                Save(path, tried, []);
            }
            catch (OperationCanceledException)
            {
                Keep();
                throw;
            }
            finally
            {
                foreach (var training in trainings) training.Dispose();
            }
        }
        return tried;
    }

    /// <summary>The best of those that were tried.</summary>
    /// <exception cref="DiffractException">All of them diverged.</exception>
    public static TriedRate Best(IReadOnlyList<TriedRate> tried) =>
        tried.Where(t => !double.IsNaN(t.Loss)).OrderByDescending(t => t.Accuracy).ThenBy(t => t.Loss).FirstOrDefault()
        ?? throw new DiffractException("training diverged at every learning rate that was tried ("
            + $"{string.Join(", ", tried.Select(t => $"{t.LearningRate:g}"))}): give a lower one with --lr");

    private static string Part(int training) => $"rate{training}";

    private static void Save(string? path, List<TriedRate> tried, List<HeadTraining> trainings)
    {
        if (path is null) return;
        var state = new SavedState();
        for (var i = 0; i < trainings.Count; i++) state.Add(Part(i), trainings[i].Save());
        StateFile.Save(path, state, Kind, new Dictionary<string, string>
        {
            [Tried] = JsonSerializer.Serialize(tried, TrainJson.Default.ListTriedRate),
        });
    }

    private static (List<TriedRate> Tried, SavedState? Begun) Load(string? path)
    {
        if (path is null || !File.Exists(path)) return ([], null);
        var (state, text) = StateFile.Load(path, Kind);
        return (JsonSerializer.Deserialize(text[Tried], TrainJson.Default.ListTriedRate)!,
            state.Numbers.Count > 0 ? state : null);
    }

    private static void Load(List<HeadTraining> trainings, SavedState? begun)
    {
        if (begun is null) return;
        for (var i = 0; i < trainings.Count; i++) trainings[i].Load(begun.Part(Part(i)));
        foreach (var tensor in begun.Tensors.Values) tensor.Dispose();
    }

    private static long Done(SavedState? begun, int images, int batch) => begun?.Part(Part(0)) is not { } part ? 0
        : (long)part.Number(HeadTraining.EpochNumber) * images
            + Math.Min(images, (long)part.Number(HeadTraining.BatchNumber) * batch);
}
