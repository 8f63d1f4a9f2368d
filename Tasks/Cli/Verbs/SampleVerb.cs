using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract sample</c>.</summary>
internal static class SampleVerb
{
    private static readonly SampleRecipe defaults = new() { Network = "" };

    private const string Details = """
        Makes images from noise and writes them into the run folder as images/000000.png and so on, with grid.png; while
        it works, preview.png shows what the batch under way is going to be. dpm-solver needs no more than 20 steps;
        ddim is for editing and ddpm is the original, with 250 steps. The noise of an image depends on --seed and its
        number alone: --first 100 --count 1 makes image 100 as it would be among others. Ctrl+C stops within a fraction
        of a step; --resume makes the images that are not there yet.
        With --classifier, a classifier of noised images pulls samples towards classes. With --inpaint and --mask a part
        of an image is drawn anew: where the mask is bright.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var network = RunOptions.File("--network", "Checkpoint of the diffusion U-Net");
        var count = RunOptions.Number("--count", "Images to make", defaults.Count);
        var first = RunOptions.Number("--first", "Number of the first", defaults.First, least: 0);
        var batch = RunOptions.Number("--batch", "Images at once", defaults.Batch);
        var size = RunOptions.ImageSize();
        var sampler = CommonOptions.Choice("--sampler", "dpm-solver (default), ddim or ddpm", "dpm-solver", "ddim",
            "ddpm");
        var steps = RunOptions.NumberOrNone("--steps", "Denoising steps; 20, for ddim 50, for ddpm 250");
        var eta = RunOptions.Real("--eta", "Share of ancestral noise in ddim, 0 to 1", defaults.Eta).UpToOne();
        var noClip = new Option<bool>("--no-clip") { Description = "Does not limit predicted images to [-1, 1]" };
        var label = RunOptions.NumberOrNone("--label", "Class of all images; the classes in turn when left out", 0);
        var classifier = RunOptions.File("--classifier", "Checkpoint of a classifier of noised images that guides");
        var scale = RunOptions.Real("--scale", "How strongly it guides", defaults.Scale).Positive();
        var seed = RunOptions.Seed();
        var noise = CommonOptions.Choice("--noise", "seeded (default): by seed and number of the image; torch: the "
            + "numbers of PyTorch's CPU generator, batch by batch", "seeded", "torch");
        var inpaint = RunOptions.File("--inpaint", "An image of which a part is drawn anew");
        var mask = RunOptions.File("--mask", "An image of the same size, bright where that part is");
        var ways = new Option<bool>("--grid-of-steps")
        {
            Description = "Draws the way from noise to image for the first images (steps.png)",
        };
        var inference = new InferenceWords();
        var device = new DeviceWords();
        var name = RunOptions.Name("sample");
        var resume = RunOptions.Resume();
        var verb = new Verb("sample", "Makes images with a diffusion U-Net")
        {
            Details = Details,
            Examples =
            [
                "diffract sample --network runs/photos/ema.safetensors --count 64 --grid-of-steps",
                "diffract sample --network unet.pt --classifier classifier.pt --scale 2 --label 207 --sampler ddim",
                "diffract sample --network unet.pt --inpaint photo.png --mask hole.png --count 4",
            ],
        };
        Option[] options = [network, count, first, batch, size, sampler, steps, eta, noClip, label, classifier, scale,
            seed, noise, inpaint, mask, ways, .. inference.Options, .. device.Options, name, resume];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, resume,
            () => device.Open(parsed, gpus, terminal), () =>
            {
                if (parsed.GetResult(eta) is { Implicit: false } && parsed.GetValue(sampler) != "ddim")
                    throw new UsageException("--eta is for --sampler ddim");
                if (parsed.GetResult(scale) is { Implicit: false } && parsed.GetValue(classifier) is null)
                    throw new UsageException("--scale says how strongly a classifier guides: name it with "
                        + "--classifier");
                if ((parsed.GetValue(inpaint) is null) != (parsed.GetValue(mask) is null))
                    throw new UsageException("--inpaint and --mask are given together");
                return new SampleRecipe
                {
                    Network = RunOptions.Need(parsed, network),
                    Count = parsed.GetValue(count),
                    First = parsed.GetValue(first),
                    Batch = parsed.GetValue(batch),
                    ImageSize = parsed.GetValue(size),
                    Sampler = parsed.GetValue(sampler) ?? defaults.Sampler,
                    Steps = parsed.GetValue(steps),
                    Eta = parsed.GetValue(eta),
                    Clip = !parsed.GetValue(noClip),
                    Label = parsed.GetValue(label),
                    Classifier = parsed.GetValue(classifier),
                    Scale = parsed.GetValue(scale),
                    Seed = parsed.GetValue(seed),
                    TorchNoise = parsed.GetValue(noise) == "torch",
                    Inpaint = parsed.GetValue(inpaint),
                    Mask = parsed.GetValue(mask),
                    GridOfSteps = parsed.GetValue(ways),
                    Inference = inference.Recipe(parsed),
                };
            }, SampleRecipe.Json, (run, recipe, on) => Run(terminal, run, recipe, on, cancellation))));
        return verb;
    }

    private static int Run(
        Terminal terminal, RunFolder run, SampleRecipe recipe, Device device, CancellationToken cancellation)
    {
        using var network = NetworkFile.Load(recipe.Network, inference: recipe.Inference, device: device);
        foreach (var line in network.Assumed) terminal.Error.WriteLine($"assumed: {line}");
        using var progress = RunProgress.On(terminal);
        var task = new SampleTask(run, recipe, network);
        var result = task.Run(progress, cancellation);
        terminal.Output.WriteLine($"{recipe.Count} images in {run.At("images")}, {result.Made} made now in "
            + $"{recipe.EffectiveSteps} steps of {recipe.Sampler}"
            + (result.Made > 0 ? $", {Units.Duration(result.Took)}" : ""));
        terminal.Output.WriteLine($"sheet: {task.GridPath}");
        return ExitCode.Success;
    }
}
