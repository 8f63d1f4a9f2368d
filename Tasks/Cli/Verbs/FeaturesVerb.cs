using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract features</c>.</summary>
internal static class FeaturesVerb
{
    private const string Details = """
        Noise is added to each image up to the timestep, and the network runs to the last block that is wanted. The
        file's layout is described in docs/feature-files.md. The same command again goes on with an extraction that
        was stopped.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var data = RunOptions.Data("Images");
        var part = RunOptions.Part("train");
        var network = RunOptions.File("--network", "Checkpoint of a diffusion U-Net, safetensors or PyTorch");
        var output = RunOptions.File("--out", "The feature file to write (.safetensors)");
        var timesteps = RunOptions.List("--timesteps", "Noise levels, 0-based", "150");
        var blocks = RunOptions.List("--blocks", "Blocks, counted from 1 through encoder, middle and decoder", "24");
        var draws = RunOptions.Number("--draws", "Noise draws for each image and timestep", 1);
        var seed = RunOptions.Seed();
        var pool = RunOptions.Number("--pool", "Averages larger maps to this side; 0 keeps them", 0, least: 0);
        var dtype = CommonOptions.Choice("--dtype", "Type of the stored numbers; float32 when left out", "float32",
            "float16");
        var batch = RunOptions.Number("--batch", "Images at once", 8);
        var label = RunOptions.Label();
        var size = RunOptions.ImageSize();
        var stop = RunOptions.StopOnBroken();
        var inference = new InferenceWords();
        var device = new DeviceWords();
        var force = new Option<bool>("--force") { Description = "Overwrites an existing feature file" };
        var verb = new Verb("features", "Writes the feature maps of a folder of images to a file")
        {
            Details = Details,
            Examples =
            [
                "diffract features --network 256x256_diffusion_uncond.pt --data photos --timesteps 90,150 "
                    + "--blocks 19,24 --out f.safetensors",
                "diffract features --network runs/photos64/ema.safetensors --data photos --blocks 14 --pool 4 "
                    + "--out f.safetensors",
            ],
        };
        Option[] options = [data, part, network, output, timesteps, blocks, draws, seed, pool, dtype, batch, label,
            size, .. device.Options, .. inference.Options, stop, force];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) =>
        {
            var recipe = new FeaturesRecipe
            {
                Data = RunOptions.Need(parsed, data),
                Network = RunOptions.Need(parsed, network),
                ImageSize = parsed.GetValue(size),
                Timesteps = RunOptions.Choices(parsed, timesteps, least: 0)!,
                Blocks = RunOptions.Choices(parsed, blocks, least: 1)!,
                Draws = parsed.GetValue(draws),
                Seed = parsed.GetValue(seed),
                Pool = parsed.GetValue(pool),
                Half = parsed.GetValue(dtype) == "float16",
                Batch = parsed.GetValue(batch),
                ClassLabel = parsed.GetValue(label),
                Inference = inference.Recipe(parsed),
                StopOnBrokenImage = parsed.GetValue(stop),
            };
            var path = RunOptions.Need(parsed, output);
            if (File.Exists(path) && !parsed.GetValue(force))
                throw new DiffractException($"{path} exists already: give another name, or --force to overwrite it");
            var opened = device.Open(parsed, gpus, terminal);
            using var owned = opened as IDisposable;
            return Task.FromResult(Run(terminal, path, recipe,
                RunOptions.ParsePart(parsed.GetValue(part), DatasetPart.Train), opened, cancellation));
        });
        return verb;
    }

    private static int Run(Terminal terminal, string path, FeaturesRecipe recipe, DatasetPart part,
        Device device, CancellationToken cancellation)
    {
        var data = DataSource.Any(recipe.Data, part);
        using var network = NetworkFile.Load(recipe.Network, inference: recipe.Inference, device: device);
        foreach (var line in network.Assumed) terminal.Error.WriteLine($"assumed: {line}");
        using var progress = RunProgress.On(terminal);
        var result = new FeaturesTask(path, recipe, data, network).Run(progress, cancellation);
        if (result.Skipped.Length > 0) terminal.Error.WriteLine(result.Skipped);
        foreach (var (name, shape) in result.Tensors) terminal.Output.WriteLine($"{name}  {shape}");
        terminal.Output.WriteLine($"{result.Images} images with {recipe.Draws} noise draw"
            + $"{(recipe.Draws == 1 ? "" : "s")} each (seed {recipe.Seed}) in {path}, "
            + Units.Bytes(new FileInfo(path).Length));
        return ExitCode.Success;
    }
}
