using System.Text.Json;
using System.Text.Json.Serialization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>One epoch of training.</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="TrainLoss">Mean cross-entropy while training.</param>
/// <param name="ValidationLoss">Cross-entropy on the validation split.</param>
/// <param name="ValidationAccuracy">Top-1 there, 0 to 1; NaN, as the loss is, where no images are held out.</param>
public sealed record EpochScore(int Epoch, double TrainLoss, double ValidationLoss, double ValidationAccuracy)
{
    /// <summary>Whether there are held-out images.</summary>
    [JsonIgnore]
    public bool IsValidated => !double.IsNaN(ValidationAccuracy);
}

/// <summary>What training a head gave.</summary>
/// <param name="LearningRate">The rate that was used.</param>
/// <param name="Tried">The rates that were tried; none when one was given.</param>
/// <param name="Epochs">All epochs.</param>
/// <param name="Best">The epoch whose head is in <c>best.safetensors</c>.</param>
/// <param name="MacsPerImage">Multiply-accumulates of a step for one image, all that comes before the head included;
/// null when no step was made any more.</param>
public sealed record TrainResult(double LearningRate, IReadOnlyList<TriedRate> Tried, IReadOnlyList<EpochScore> Epochs,
    EpochScore Best, long? MacsPerImage)
{
    /// <summary>The cost of a step in words; null when it is not known.</summary>
    /// <param name="source">What was trained on.</param>
    public string? Cost(IFeatureSource source)
    {
        if (MacsPerImage is not { } macs) return null;
        var cost = $"{Units.Large(macs)} multiply-adds for an image";
        if (source is not ImageFeatures { Network: { } file } images) return cost;
        var whole = file.Network.Plan.At(new Model.MapSize(images.ImageSize, images.ImageSize)).Macs;
        return $"{cost}, {(double)macs / whole:0.00} of the network's whole forward";
    }
}

/// <summary>Trains a head on features in a run folder:
/// <code>
/// learning_rate.json   the rate, and those that were tried
/// search.safetensors   what the search for the rate goes on from, until it ends
/// best.safetensors     the head of the best epoch on the validation split, with its feedback networks
/// last.safetensors     the head of the last epoch
/// best.network.safetensors, last.network.safetensors   the fine-tuned network beside each
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

    /// <summary>Time between two savings within an epoch; five minutes when null.</summary>
    internal TimeSpan? SaveEvery { get; init; }

    private string SearchPath => run.At("search.safetensors");

    /// <summary>Trains to the end, from the last checkpoint if there is one.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops between two steps, after writing a checkpoint.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; running again goes on.</exception>
    /// <exception cref="DiffractException">The data do not suit training, or are not those that it began with.
    /// </exception>
    /// <exception cref="RunException">Another process works on the run.</exception>
    public TrainResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        using var hold = run.Hold();
        FeatureFingerprint.Check(run, source);
        var labelled = LabelChoice.Items(source, recipe.Labels, recipe.Seed);
        var (train, validation) = HoldOut.Of(source, labelled, recipe.Validation, recipe.Seed);
        if (recipe.Labels is not null) progress.Say(InWords(labelled));
        if (validation.Count == 0 && recipe.Optimiser.LearningRate is null)
            throw new DiffractException("the learning rate is searched on held-out images: give one with --lr, or hold "
                + "some out with --validation");
        if (recipe.Epochs < 1) throw new DiffractException($"training takes at least 1 epoch, found {recipe.Epochs}");
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
        using var log = MetricsLog.Open(run, scores.Count, hold);
        using var bar = progress.Begin("training", (long)recipe.Epochs * train.Count, "images",
            (long)training.Epoch * train.Count + (long)training.BatchesDone * recipe.Batch);
        var saves = new SaveTimer(SaveEvery);
        while (scores.Count < recipe.Epochs)
        {
            try
            {
                var note = scores is [.., { IsValidated: true } last] ? $" val {last.ValidationAccuracy:p1}" : "";
                // A run that was stopped while it validated has the epoch behind it, but not its score.
                if (training.Epoch == scores.Count)
                {
                    training.RunEpoch(train, (n, step) =>
                    {
                        bar.Advance(n, $"loss {step:0.000}{note}");
                        saves.WhenDue(() => SaveState(training, scores, train.Count));
                    }, cancellation);
                    saves.WhenDue(() => SaveState(training, scores, train.Count));
                }
                if (training.Images == 0 && source.Skipped.Length > 0)
                    throw new DiffractException($"none of the {train.Count} images to learn from could be read. "
                        + source.Skipped);
                if (training.Images == 0 || !training.IsFinite)
                    throw new DiffractException($"training diverged in epoch {training.Epoch}: the learning rate "
                        + $"{rate.LearningRate:g} is too high. Give a lower one with --lr");
                scores.Add(Validate(training, validation, cancellation));
            }
            catch (OperationCanceledException)
            {
                SaveState(training, scores, train.Count);
                throw;
            }
            Note(log, scores[^1]);
            if (Best(scores) == scores[^1]) SaveHead(BestPath, training, scores[^1]);
            SaveState(training, scores, train.Count);
        }
        SaveHead(LastPath, training, scores[^1]);
        return new TrainResult(rate.LearningRate, rate.Tried, scores, Best(scores), training.MacsPerImage);
    }

    /// <summary>The rate that the search of a run found; null before its end.</summary>
    internal static double? FoundRate(RunFolder run) => File.Exists(RatePath(run))
        ? RecipeFile.Load(RatePath(run), TrainJson.Default.ChosenRate).LearningRate
        : null;

    private static string RatePath(RunFolder run) => run.At("learning_rate.json");

    private string InWords(IReadOnlyList<int> labelled)
    {
        string[] without = [.. source.Classes.Except(labelled.Select(item => source.Classes[source.Label(item)]))];
        return $"labels of {Units.Count(labelled.Count)} of {Units.Count(source.Count)} images are used"
            + (without.Length == 0 ? "" : $"; {without.Length} classes have none: {ClassNames.Some(without)}");
    }

    private ChosenRate ChooseRate(IReadOnlyList<int> train, IReadOnlyList<int> validation, IRunProgress progress,
        CancellationToken cancellation)
    {
        if (recipe.Optimiser.LearningRate is { } given) return new ChosenRate(given, []);
        var path = RatePath(run);
        if (File.Exists(path))
        {
            // A kill may have left it.
            File.Delete(SearchPath);
            return RecipeFile.Load(path, TrainJson.Default.ChosenRate);
        }
        var tried = LearningRateSearch.Run(source, recipe, train, validation, progress, device, SearchPath,
            SaveEvery, cancellation);
        if (tried.All(rate => double.IsNaN(rate.Loss))) File.Delete(SearchPath);
        var chosen = new ChosenRate(LearningRateSearch.Best(tried).LearningRate, tried);
        RecipeFile.Save(path, chosen, TrainJson.Default.ChosenRate);
        File.Delete(SearchPath);
        return chosen;
    }

    private EpochScore Validate(HeadTraining training, IReadOnlyList<int> validation,
        CancellationToken cancellation)
    {
        if (validation.Count == 0) return new EpochScore(training.Epoch, training.MeanLoss, double.NaN, double.NaN);
        var found = HeadEvaluation.Run(training.Head, source, validation, recipe.AtOnce, cancellation: cancellation);
        return new EpochScore(training.Epoch, training.MeanLoss, found.Loss, found.Accuracy);
    }

    private static void Note(MetricsLog log, EpochScore score)
    {
        if (score.IsValidated)
            log.Append(score.Epoch, ("train_loss", score.TrainLoss), ("val_loss", score.ValidationLoss),
                ("val_top1", score.ValidationAccuracy));
        else log.Append(score.Epoch, ("train_loss", score.TrainLoss));
    }

    // The first of equals, so that a longer run does not look better than it is; the last where nothing tells.
    private static EpochScore Best(IReadOnlyList<EpochScore> scores) => !scores[^1].IsValidated
        ? scores[^1]
        : scores.OrderByDescending(s => s.ValidationAccuracy).ThenBy(s => s.Epoch).First();

    private void SaveState(HeadTraining training, List<EpochScore> scores, int images) => run.Checkpoints.Save(
        (long)training.Epoch * ((images + recipe.Batch - 1) / recipe.Batch) + training.BatchesDone,
        path => StateFile.Save(path, training.Save(), Kind, new Dictionary<string, string>
        {
            ["scores"] = JsonSerializer.Serialize(scores, TrainJson.Default.ListEpochScore),
        }));

    private void SaveHead(string path, HeadTraining training, EpochScore score)
    {
        var header = HeadFileHeader.Of(recipe.Head, source) with
        {
            Feedback = recipe.Feedback,
            ClassLabel = recipe.ClassLabel,
            ValidationAccuracy = score.IsValidated ? score.ValidationAccuracy : null,
        };
        if (source.Trained?.Tuned is { } tuned) SaveBoth(path, training, header, tuned);
        else HeadFile.Save(path, training.Head, header, source.Trained?.Feedback);
    }

    // The head names the hash of its network: both are whole on the disk before either takes its name.
    private void SaveBoth(string path, HeadTraining training, HeadFileHeader header, DiffusionNetwork tuned)
    {
        var head = Path.ChangeExtension(path, ".new.safetensors");
        var network = HeadFile.NetworkPath(head);
        NetworkFile.Save(network, tuned.Network.Config, tuned.Network.StateDict(), tuned.Recipe);
        header = header with
        {
            Network = Path.GetFileName(HeadFile.NetworkPath(path)),
            NetworkSha256 = DiffusionNetwork.Hash(network),
            HasOwnNetwork = true,
        };
        HeadFile.Save(head, training.Head, header, source.Trained?.Feedback);
        File.Move(network, HeadFile.NetworkPath(path), overwrite: true);
        File.Move(head, path, overwrite: true);
    }

    internal sealed record ChosenRate(double LearningRate, IReadOnlyList<TriedRate> Tried);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(TrainRecipe))]
[JsonSerializable(typeof(List<EpochScore>))]
[JsonSerializable(typeof(List<TriedRate>))]
[JsonSerializable(typeof(TrainTask.ChosenRate))]
internal sealed partial class TrainJson : JsonSerializerContext;
