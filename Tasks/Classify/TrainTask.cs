using System.Text.Json;
using System.Text.Json.Serialization;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>One epoch of training.</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="TrainLoss">Mean cross-entropy while training.</param>
/// <param name="ValidationLoss">Cross-entropy on the validation split.</param>
/// <param name="ValidationAccuracy">Top-1 there, 0 to 1.</param>
public sealed record EpochScore(int Epoch, double TrainLoss, double ValidationLoss, double ValidationAccuracy);

/// <summary>What training a head gave.</summary>
/// <param name="LearningRate">The rate that was used.</param>
/// <param name="Tried">The rates that were tried; none when one was given.</param>
/// <param name="Epochs">All epochs.</param>
/// <param name="Best">The epoch whose head is in <c>best.safetensors</c>.</param>
public sealed record TrainResult(
    double LearningRate, IReadOnlyList<TriedRate> Tried, IReadOnlyList<EpochScore> Epochs, EpochScore Best);

/// <summary>Trains a head on features in a run folder:
/// <code>
/// learning_rate.json   the rate, and those that were tried
/// best.safetensors     the head of the best epoch on the validation split
/// last.safetensors     the head of the last epoch
/// </code></summary>
/// <param name="run">The folder.</param>
/// <param name="recipe">What to do.</param>
/// <param name="source">Features and labels.</param>
/// <param name="device">Where the head is trained; the CPU when left out. A run may go on on another.</param>
public sealed class TrainTask(RunFolder run, TrainRecipe recipe, IFeatureSource source, Device? device = null)
{
    private const string Kind = "train/1";

    /// <summary>The head of the best epoch.</summary>
    public string BestPath => run.At("best.safetensors");

    /// <summary>The head of the last epoch.</summary>
    public string LastPath => run.At("last.safetensors");

    /// <summary>Trains to the end, from the last checkpoint if there is one.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops between two steps, after writing a checkpoint.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; running again goes on.</exception>
    /// <exception cref="DiffractException">The data do not suit training.</exception>
    public TrainResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        var (train, validation) = HoldOut(source, recipe.Validation, recipe.Seed);
        var rate = ChooseRate(train, validation, progress, cancellation);
        using var training = new HeadTraining(source, recipe, rate.LearningRate, device);
        var scores = new List<EpochScore>();
        if (run.Checkpoints.Latest is { } checkpoint)
        {
            var (state, text) = StateFile.Load(checkpoint.Path, Kind);
            training.Load(state);
            scores.AddRange(JsonSerializer.Deserialize(text["scores"], TrainJson.Default.ListEpochScore)!);
            foreach (var tensor in state.Tensors.Values) tensor.Dispose();
            progress.Say($"going on after epoch {training.Epoch} of {recipe.Epochs}");
        }
        using var log = MetricsLog.Open(run, scores.Count);
        using var bar = progress.Begin("training", (long)recipe.Epochs * train.Count, "images",
            (long)training.Epoch * train.Count + (long)training.BatchesDone * recipe.Batch);
        while (scores.Count < recipe.Epochs)
        {
            try
            {
                var note = scores is [.., var last] ? $"val {last.ValidationAccuracy:p1}" : "";
                // A run that was stopped while it validated has the epoch behind it, but not its score.
                if (training.Epoch == scores.Count)
                    training.RunEpoch(train, (n, step) => bar.Advance(n, $"loss {step:0.000} {note}"), cancellation);
                scores.Add(Validate(training, validation, cancellation));
            }
            catch (OperationCanceledException)
            {
                SaveState(training, scores, train.Count);
                throw;
            }
            log.Append(training.Epoch, ("train_loss", scores[^1].TrainLoss), ("val_loss", scores[^1].ValidationLoss),
                ("val_top1", scores[^1].ValidationAccuracy));
            if (Best(scores) == scores[^1]) SaveHead(BestPath, training, scores[^1]);
            SaveState(training, scores, train.Count);
        }
        SaveHead(LastPath, training, scores[^1]);
        return new TrainResult(rate.LearningRate, rate.Tried, scores, Best(scores));
    }

    /// <summary>Divides images into those to train on and those held out, class by class.</summary>
    /// <exception cref="DiffractException">There are no labels, or a class is too small.</exception>
    public static (IReadOnlyList<int> Train, IReadOnlyList<int> Validation) HoldOut(
        IFeatureSource source, double share, ulong seed)
    {
        if (source.Classes.Count < 2)
            throw new DiffractException(source.Classes.Count == 0
                ? "training a head needs labels: put the images of each class in a folder of its own"
                : $"training a head needs at least two classes; the data have one ('{source.Classes[0]}')");
        var generator = new Generator(seed).Split(2);
        var held = new bool[source.Count];
        for (var label = 0; label < source.Classes.Count; label++)
        {
            var members = Enumerable.Range(0, source.Count).Where(i => source.Label(i) == label).ToArray();
            if (members.Length < 2)
                throw new DiffractException($"class '{source.Classes[label]}' has {members.Length} images; at least 2 "
                    + "are needed, one of them to validate");
            var count = Math.Clamp((int)Math.Round(share * members.Length), 1, members.Length - 1);
            foreach (var i in generator.Split((ulong)label).Permutation(members.Length).Take(count))
                held[members[i]] = true;
        }
        return ([.. Enumerable.Range(0, source.Count).Where(i => !held[i])],
            [.. Enumerable.Range(0, source.Count).Where(i => held[i])]);
    }

    private ChosenRate ChooseRate(IReadOnlyList<int> train, IReadOnlyList<int> validation, IRunProgress progress,
        CancellationToken cancellation)
    {
        if (recipe.Optimiser.LearningRate is { } given) return new ChosenRate(given, []);
        var path = run.At("learning_rate.json");
        if (File.Exists(path)) return RecipeFile.Load(path, TrainJson.Default.ChosenRate);
        var tried = LearningRateSearch.Run(source, recipe, train, validation, progress, device, cancellation);
        var chosen = new ChosenRate(LearningRateSearch.Best(tried).LearningRate, tried);
        RecipeFile.Save(path, chosen, TrainJson.Default.ChosenRate);
        return chosen;
    }

    private EpochScore Validate(HeadTraining training, IReadOnlyList<int> validation,
        CancellationToken cancellation)
    {
        var found = HeadEvaluation.Run(training.Head, source, validation, recipe.Batch, cancellation: cancellation);
        return new EpochScore(training.Epoch, training.MeanLoss, found.Loss, found.Accuracy);
    }

    // The first of equals, so that a longer run does not look better than it is.
    private static EpochScore Best(IReadOnlyList<EpochScore> scores) =>
        scores.OrderByDescending(s => s.ValidationAccuracy).ThenBy(s => s.Epoch).First();

    private void SaveState(HeadTraining training, List<EpochScore> scores, int images) => run.Checkpoints.Save(
        (long)training.Epoch * ((images + recipe.Batch - 1) / recipe.Batch) + training.BatchesDone,
        path => StateFile.Save(path, training.Save(), Kind, new Dictionary<string, string>
        {
            ["scores"] = JsonSerializer.Serialize(scores, TrainJson.Default.ListEpochScore),
        }));

    private void SaveHead(string path, HeadTraining training, EpochScore score) => HeadFile.Save(path, training.Head,
        HeadFileHeader.Of(recipe.Head, source) with { ValidationAccuracy = score.ValidationAccuracy });

    internal sealed record ChosenRate(double LearningRate, IReadOnlyList<TriedRate> Tried);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, UseStringEnumConverter = true)]
[JsonSerializable(typeof(TrainRecipe))]
[JsonSerializable(typeof(List<EpochScore>))]
[JsonSerializable(typeof(TrainTask.ChosenRate))]
internal sealed partial class TrainJson : JsonSerializerContext;
