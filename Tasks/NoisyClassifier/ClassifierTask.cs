using System.Diagnostics;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What training a classifier gave.</summary>
/// <param name="Steps">Steps done in all.</param>
/// <param name="Validation">How it does on the held-out images: clean, and at some timesteps; none without such images.
/// </param>
/// <param name="Skipped">Images that could not be read, in words; empty when all could.</param>
public sealed record ClassifierResult(long Steps, IReadOnlyList<ClassifierScore> Validation, string Skipped);

/// <summary>Trains a classifier of noised images in a run folder:
/// <code>
/// classifier.safetensors   the network
/// checkpoints/             to go on from
/// accuracy.svg             accuracy on the held-out images by timestep
/// </code></summary>
/// <param name="run">The folder.</param>
/// <param name="recipe">What to do.</param>
/// <param name="data">Labelled images.</param>
/// <param name="device">Where it is trained; the CPU when left out. A run may go on on another.</param>
public sealed class ClassifierTask(RunFolder run, ClassifierRecipe recipe, ImageDataset data, Device? device = null)
{
    private const string Kind = "classifier/1";
    private const int LogEvery = 10;

    /// <summary>The network.</summary>
    public string NetworkPath => run.At("classifier.safetensors");

    /// <summary>Trains to the end, from the last checkpoint if there is one.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops between two steps, after writing a checkpoint.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; running again goes on.</exception>
    /// <exception cref="DiffractException">The images have fewer than two classes.</exception>
    public ClassifierResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        if (data.ClassNames.Count < 2)
            throw new DiffractException($"a classifier needs at least two classes, found {data.ClassNames.Count}");
        var (train, held) = recipe.Validation > 0
            ? Split.Stratified(data, recipe.Validation, recipe.Seed)
            : (new Subset(data, [.. Enumerable.Range(0, data.Count)]), new Subset(data, []));
        using var trainer = new ClassifierTrainer(recipe, data.ClassNames.Count, device);
        if (run.Checkpoints.Latest is { } checkpoint)
        {
            var (state, _) = StateFile.Load(checkpoint.Path, Kind);
            trainer.Load(state);
            foreach (var tensor in state.Tensors.Values) tensor.Dispose();
            progress.Say($"going on after step {trainer.Steps} of {recipe.Steps}");
        }
        var broken = new BrokenImages(recipe.StopOnBrokenImage);
        var loader = new Loader(train, LoaderOptions.Training(recipe.ImageSize, recipe.Batch, recipe.Seed) with
        {
            RandomCrop = recipe.RandomCrop,
            RandomFlip = recipe.Flip,
            DropLast = true,
        }, broken);
        using (var log = MetricsLog.Open(run, trainer.Steps))
            Train(trainer, loader, log, progress, cancellation);
        IReadOnlyList<ClassifierScore> scores =
            held.Count > 0 ? Validate(trainer, held, broken, progress, cancellation) : [];
        return new ClassifierResult(trainer.Steps, scores, broken.ToString());
    }

    private void Train(ClassifierTrainer trainer, Loader loader, MetricsLog log, IRunProgress progress,
        CancellationToken cancellation)
    {
        using var bar = progress.Begin("training", recipe.Steps, "steps", trainer.Steps);
        var (sum, steps) = (0.0, 0);
        var start = Stopwatch.GetTimestamp();
        StepLoop.Run(loader, trainer.Steps, recipe.Steps, recipe.SaveEvery, batch =>
        {
            var step = trainer.Step(batch.Images, batch.Labels);
            (sum, steps) = (sum + step.Loss, steps + 1);
            bar.Advance(1, $"loss {sum / steps:0.000}");
            if (trainer.Steps % LogEvery != 0) return;
            // Of the step alone, so that it is the same whatever was stopped in between.
            Note(log, trainer.Steps, step);
            (sum, steps) = (0.0, 0);
        }, trainer.Pass, () => Save(trainer), cancellation: cancellation);
        progress.Say(loader.WaitedOf(Stopwatch.GetElapsedTime(start)));
    }

    private static void Note(MetricsLog log, long steps, ClassifierStep step)
    {
        List<(string, double)> values = [("loss", step.Loss), ("lr", step.LearningRate)];
        for (var i = 0; i < QuartileLosses.Count; i++)
            if (!double.IsNaN(step.Quartiles[i])) values.Add(($"loss_q{i}", step.Quartiles[i]));
        log.Append(steps, [.. values]);
    }

    private void Save(ClassifierTrainer trainer)
    {
        run.Checkpoints.Save(trainer.Steps, path => StateFile.Save(path, trainer.Save(), Kind));
        ClassifierNetwork.Save(NetworkPath, trainer.Network, recipe.Diffusion, data.ClassNames);
    }

    private List<ClassifierScore> Validate(ClassifierTrainer trainer, ImageDataset held, BrokenImages broken,
        IRunProgress progress, CancellationToken cancellation)
    {
        int?[] timesteps = recipe.Noised ? [null, .. ClassifierReport.Timesteps(recipe.Timesteps)] : [null];
        using var precision = trainer.Precision.Use(trainer.Network.Device);
        using var bar = progress.Begin("held-out images", (long)timesteps.Length * held.Count, "images");
        trainer.Network.Eval();
        List<ClassifierScore> scores = [.. timesteps.Select(t => ClassifierEvaluation.Run(trainer.Network,
            recipe.Diffusion, held, t, recipe.Batch, recipe.Seed, n => bar.Advance(n), broken, cancellation))];
        ClassifierReport.Draw(scores).Save(run.At("accuracy.svg"));
        return scores;
    }
}
