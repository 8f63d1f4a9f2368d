using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What pretraining gave.</summary>
/// <param name="Steps">Steps done in all.</param>
/// <param name="Loss">Mean loss of the last steps; NaN when all had been made before.</param>
/// <param name="EmaPath">The averaged network, the one to use.</param>
/// <param name="Skipped">Images that could not be read, in words; empty when all could.</param>
public sealed record PretrainResult(long Steps, double Loss, string EmaPath, string Skipped);

/// <summary>Trains a diffusion U-Net on images in a run folder:
/// <code>
/// ema.safetensors      the moving average of the weights: the network to use; ema-0.999.safetensors and so on are
///                      averages of other rates
/// model.safetensors    the weights themselves
/// loss.svg             loss by step; report.html has it and more
/// memory.json          what a step takes, and how it is made to fit
/// samples/             sheets of samples of the average
/// checkpoints/         to go on from
/// </code></summary>
/// <param name="run">The folder.</param>
/// <param name="recipe">What to do.</param>
/// <param name="data">The images.</param>
/// <param name="device">Where the network is trained; the CPU when left out. A run may go on on another.</param>
public sealed class PretrainTask(RunFolder run, PretrainRecipe recipe, ImageDataset data, Device? device = null)
{
    private const string Kind = "pretrain/1";
    private const int LogEvery = 10;

    private PretrainMemory? memory;

    /// <summary>The averaged network.</summary>
    public string EmaPath => run.At("ema.safetensors");

    /// <summary>The network as the optimiser left it.</summary>
    public string ModelPath => run.At("model.safetensors");

    private string MemoryPath => run.At("memory.json");

    /// <summary>Trains to the end, from the last checkpoint if there is one.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops between two steps, after writing a checkpoint.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; running again goes on.</exception>
    public PretrainResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        if (recipe.ClassConditional && !data.IsLabelled)
            throw new DiffractException("a class-conditional network needs labels: put the images of each class in a "
                + "folder of its own");
        using var trainer = new DiffusionTrainer(
            recipe, recipe.ClassConditional ? data.ClassNames.Count : null, device);
        Resume(trainer, progress);
        var options = new LoaderOptions
        {
            Size = recipe.ImageSize,
            BatchSize = recipe.Batch,
            Shuffle = true,
            DropLast = true,
            RandomCrop = recipe.RandomCrop,
            RandomFlip = recipe.Flip,
            Seed = recipe.Seed,
        };
        var loader = new Loader(data, options, new BrokenImages(recipe.StopOnBrokenImage));
        memory = File.Exists(MemoryPath) ? RecipeFile.Load(MemoryPath, PretrainMemory.Json)
            : PretrainMemory.Choose(recipe, trainer);
        trainer.Use(memory);
        progress.Say($"memory: {memory}");
        using var log = MetricsLog.Open(run, trainer.Steps);
        using var bar = progress.Begin("pretraining", recipe.Steps, "steps", trainer.Steps);
        var recent = new RunningMean();
        var start = Stopwatch.GetTimestamp();
        StepLoop.Run(loader, trainer.Steps, recipe.Steps, recipe.SaveEvery,
            batch => Step(trainer, batch, log, bar, recent), trainer.Pass, () => Save(trainer, loader), step =>
            {
                if (recipe.SampleEvery > 0 && step % recipe.SampleEvery == 0) Sample(trainer, cancellation);
            }, cancellation);
        if (recipe.SampleEvery > 0)
        {
            Sample(trainer, cancellation);
            Report(trainer, loader);
        }
        progress.Say(loader.WaitedOf(Stopwatch.GetElapsedTime(start)));
        return new PretrainResult(trainer.Steps, recent.Value, EmaPath, loader.Broken.ToString());
    }

    private static void Step(
        DiffusionTrainer trainer, Batch batch, MetricsLog log, IProgressBar bar, RunningMean recent)
    {
        var step = trainer.Step(batch.Images, batch.Labels);
        if (!step.IsSkipped) recent.Add(step.Loss, step.Quartiles);
        bar.Advance(1, $"loss {recent.Value:0.0000} ({recent.Quarters})");
        if (trainer.Steps % LogEvery != 0) return;
        List<(string, double)> values = [("loss", step.Loss), ("grad_norm", step.GradNorm), ("lr", step.LearningRate)];
        if (step.Mse is { } mse) values.Insert(1, ("mse", mse));
        for (var i = 0; i < QuartileLosses.Count; i++)
            if (!double.IsNaN(trainer.Quartiles[i])) values.Add(($"loss_q{i}", trainer.Quartiles[i]));
        trainer.ForgetQuartiles();
        if (trainer.LossScale is { } scale) values.AddRange([("loss_scale", scale), ("skipped", trainer.Skipped)]);
        log.Append(trainer.Steps, [.. values]);
    }

    private void Resume(DiffusionTrainer trainer, IRunProgress progress)
    {
        if (run.Checkpoints.Latest is not { } checkpoint) return;
        var (state, _) = StateFile.Load(checkpoint.Path, Kind);
        trainer.Load(state);
        foreach (var tensor in state.Tensors.Values) tensor.Dispose();
        progress.Say($"going on after step {trainer.Steps} of {recipe.Steps}");
    }

    private void Save(DiffusionTrainer trainer, Loader loader)
    {
        // Decided once: a run that goes on makes the same microbatches, whose sums are rounded alike.
        RecipeFile.Save(MemoryPath, memory!, PretrainMemory.Json);
        run.Checkpoints.Save(trainer.Steps, path => StateFile.Save(path, trainer.Save(), Kind));
        var text = new Dictionary<string, string> { ["diffract.steps"] = $"{trainer.Steps}" };
        NetworkFile.Save(EmaPath, trainer.Network.Config, trainer.Averages(), trainer.Diffusion, text);
        foreach (var rate in recipe.OtherEmaRates)
            NetworkFile.Save(run.At(string.Create(CultureInfo.InvariantCulture, $"ema-{rate}.safetensors")),
                trainer.Network.Config, trainer.Averages(rate), trainer.Diffusion, text);
        NetworkFile.Save(ModelPath, trainer.Network.Config, trainer.Network.StateDict(), trainer.Diffusion, text);
        Report(trainer, loader);
    }

    private void Report(DiffusionTrainer trainer, Loader loader) => PretrainReport.Write(run, recipe,
        ("images in all", Units.Count(data.Count)),
        ("network", $"{Units.Large(trainer.Network.Plan.Parameters)} parameters, "
            + $"{trainer.Precision}".ToLowerInvariant()),
        ("memory", $"{memory}"),
        ("images were waited for", $"{loader.Waited.TotalSeconds:0.0} s since the last start"));

    private void Sample(DiffusionTrainer trainer, CancellationToken cancellation)
    {
        using var averages = trainer.UseAverages();
        var network = trainer.Network;
        using var precision = trainer.Precision.Use(network.Device);
        network.Eval();
        // Frozen, so that the many equal forwards may be recorded; their memory is training's again afterwards.
        network.RequiresGrad(false);
        try
        {
            var sheet = SampleSheet.Draw(network, trainer.Diffusion, recipe.ImageSize, 16, recipe.Seed,
                cancellation: cancellation);
            Directory.CreateDirectory(run.At("samples"));
            PngWriter.Save(Path.Combine(run.At("samples"), $"step-{trainer.Steps:00000000}.png"), sheet);
        }
        finally
        {
            network.ForgetRecordings();
            network.RequiresGrad(true);
            network.Train();
        }
    }

    // The loss of one step says little, because each draws other timesteps.
    private sealed class RunningMean
    {
        private const double Keep = 0.98;
        private readonly double[] sums = new double[QuartileLosses.Count + 1];
        private readonly double[] weights = new double[QuartileLosses.Count + 1];

        public double Value => sums[^1] / weights[^1];

        // From the least noise to the most.
        public string Quarters => string.Join(" ", sums.SkipLast(1).Zip(weights, (sum, weight) =>
            weight > 0 ? (sum / weight).ToString("0.000", CultureInfo.InvariantCulture) : "-"));

        public void Add(double loss, QuartileLosses quartiles)
        {
            Add(QuartileLosses.Count, loss);
            for (var i = 0; i < QuartileLosses.Count; i++)
                if (!double.IsNaN(quartiles[i])) Add(i, quartiles[i]);
        }

        private void Add(int i, double value)
        {
            sums[i] = Keep * sums[i] + (1 - Keep) * value;
            weights[i] = Keep * weights[i] + (1 - Keep);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(PretrainRecipe))]
internal sealed partial class PretrainJson : JsonSerializerContext;
