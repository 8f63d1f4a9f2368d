using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract classifier</c>.</summary>
internal static class ClassifierVerb
{
    private static readonly ClassifierRecipe defaults = new() { Data = "" };

    private const string Details = """
        Trains the encoder half of a U-Net to name the class of images with the noise of random timesteps, as guidance
        needs it (sample --classifier), and as the paper's baseline. Writes classifier.safetensors, accuracy.svg (by
        timestep, on held-out images) and metrics.jsonl into the run folder. Ctrl+C stops after the step under way and
        writes a checkpoint; --resume goes on from it with the same bits.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var training = new UNetTrainingWords(defaults, "Images with a folder for each class",
            "Noise schedule, that of the network to guide; linear when left out");
        var pool = CommonOptions.Choice("--pool", "How maps become a vector: attention (default), adaptive, spatial or "
            + "spatial-v2", "attention", "adaptive", "spatial", "spatial-v2");
        var clean = new Option<bool>("--clean") { Description = "Learns from images without noise" };
        var validation = RunOptions.Real("--validation", "Share of each class that is held out; 0 for none",
            defaults.Validation).Share();
        var precision = new PrecisionWords("Numbers that the network calculates with: auto (default) is bfloat16 on a "
            + "GPU, float32 elsewhere; float16 scales its loss");
        var device = new DeviceWords();
        var name = RunOptions.Name("classifier");
        var resume = RunOptions.Resume();
        var verb = new Verb("classifier", "Trains a classifier of noised images")
        {
            Details = Details,
            Examples =
            [
                "diffract classifier --data photos --image-size 64 --steps 20000 --name photos-classifier",
                "diffract classifier --resume runs/photos-classifier",
            ],
        };
        Option[] options = [training.Data, .. training.Network, pool, .. training.Process, clean, .. training.Training,
            validation, precision.Option, .. device.Options, .. training.Running, name, resume];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, resume,
            () => device.Open(parsed, gpus, terminal), () => training.Recipe(parsed, defaults with
            {
                Pool = parsed.GetValue(pool) ?? defaults.Pool,
                Noised = !parsed.GetValue(clean),
                Validation = parsed.GetValue(validation),
                Precision = precision.Of(parsed),
            }), ClassifierRecipe.Json, (run, recipe, on) => Run(terminal, run, recipe, on, cancellation),
            (recipe, on) => recipe with { Precision = recipe.Precision.ForTraining(on) })));
        return verb;
    }

    private static int Run(
        Terminal terminal, RunFolder run, ClassifierRecipe recipe, Device device, CancellationToken cancellation)
    {
        var data = DataSource.Labelled(recipe.Data);
        terminal.Error.WriteLine($"{data.Count} images of {data.ClassNames.Count} classes, run folder {run.Path}");
        using var progress = RunProgress.On(terminal);
        var task = new ClassifierTask(run, recipe, data, device);
        var result = task.Run(progress, cancellation);
        if (result.Skipped.Length > 0) terminal.Error.WriteLine(result.Skipped);
        foreach (var line in result.Validation.Count > 0 ? ClassifierReport.Lines(result.Validation) : [])
            terminal.Output.WriteLine(line);
        terminal.Output.WriteLine($"{result.Steps} steps; the classifier is {task.NetworkPath}");
        return ExitCode.Success;
    }
}
