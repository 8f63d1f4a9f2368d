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
    /// <summary>Tries the recipe's candidates.</summary>
    /// <param name="source">Features.</param>
    /// <param name="recipe">Head, optimiser, candidates.</param>
    /// <param name="train">Images to train on.</param>
    /// <param name="validation">Images that decide.</param>
    /// <param name="progress">Counts images.</param>
    /// <param name="device">Where heads are trained; the CPU when left out.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <returns>All that were tried, in the order of the recipe.</returns>
    public static IReadOnlyList<TriedRate> Run(IFeatureSource source, TrainRecipe recipe, IReadOnlyList<int> train,
        IReadOnlyList<int> validation, IRunProgress progress, Device? device = null,
        CancellationToken cancellation = default)
    {
        var epochs = Math.Min(recipe.SearchEpochs, recipe.Epochs);
        // Frozen features are the same for all: they are calculated once, and every candidate learns from them.
        IReadOnlyList<double[]> groups = source.Trained is null
            ? [[.. recipe.SearchRates]]
            : [.. recipe.SearchRates.Select(rate => (double[])[rate])];
        using var bar = progress.Begin("learning rate", groups.Count * (long)epochs * train.Count, "images");
        var tried = new List<TriedRate>();
        foreach (var rates in groups)
        {
            var trainings = new List<HeadTraining>();
            var note = $"lr {string.Join(", ", rates.Select(rate => $"{rate:g}"))}";
            try
            {
                foreach (var rate in rates) trainings.Add(new HeadTraining(source, recipe, rate, device));
                for (var epoch = 0; epoch < epochs; epoch++)
                    HeadTraining.RunEpoch(trainings, train, (images, _) => bar.Advance(images, note), cancellation);
                HeadTraining[] whole = [.. trainings.Where(training => training.IsFinite)];
                var scores = HeadEvaluation.Run([.. whole.Select(training => training.Head)], source, validation,
                    recipe.Batch, cancellation: cancellation);
                var scored = whole.Zip(scores).ToDictionary();
                tried.AddRange(trainings.Select(training =>
                    scored.TryGetValue(training, out var score) && score is not null && double.IsFinite(score.Loss)
                        ? new TriedRate(training.LearningRate, score.Accuracy, score.Loss)
                        : new TriedRate(training.LearningRate, 0, double.NaN)));
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
}
