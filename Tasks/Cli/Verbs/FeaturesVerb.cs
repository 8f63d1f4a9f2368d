using System.CommandLine;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract features</c>.</summary>
internal static class FeaturesVerb
{
    private const string Details = """
        Noise is added to each image up to the timestep, and the network runs to the last block that is wanted. The
        file's layout is described in docs/feature-files.md. The same command again goes on with an extraction that
        was stopped.

        With --shard K --of N only the K-th of N equal shards of the images, K from 0, is made, as a file in the folder
        --out. Shards can be made in any order, at the same time, and on several machines that see the folder; a job
        that was killed is simply started again. A shard that is there is checked, and made again if it is damaged.
        When all are there, --features FOLDER reads them like one file; --merge FOLDER checks them all.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var data = RunOptions.Data("Images");
        var part = RunOptions.Part("train");
        var network = RunOptions.File("--network", "Checkpoint of a diffusion U-Net, safetensors or PyTorch");
        var output = RunOptions.File("--out", "The feature file to write (.safetensors), or with --shard a folder");
        var shard = RunOptions.NumberOrNone("--shard", "Makes only this shard of the images, counted from 0", least: 0);
        var of = RunOptions.NumberOrNone("--of", "Number of shards the images are divided into");
        var merge = new Option<string?>("--merge")
        {
            Description = "Makes no features: checks that all shards in this folder are there and undamaged",
            HelpName = "DIR",
        };
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
        var force = new Option<bool>("--force") { Description = "Overwrites an existing feature file or shard" };
        var verb = new Verb("features", "Writes the feature maps of a folder of images to a file")
        {
            Details = Details,
            Examples =
            [
                "diffract features --network 256x256_diffusion_uncond.pt --data photos --timesteps 90,150 "
                    + "--blocks 19,24 --out f.safetensors",
                "diffract features --network runs/photos64/ema.safetensors --data photos --blocks 14 --pool 4 "
                    + "--out f.safetensors",
                "diffract features --network net.pt --data photos --out cache --shard $SLURM_ARRAY_TASK_ID --of 16",
                "diffract features --merge cache",
            ],
        };
        Option[] options = [data, part, network, output, shard, of, merge, timesteps, blocks, draws, seed, pool, dtype,
            batch, label, size, .. device.Options, .. inference.Options, stop, force];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) =>
        {
            RunOptions.Alone(parsed, merge, [.. options.Where(option => option != merge)]);
            if (parsed.GetValue(merge) is { } cache) return Task.FromResult(Merge(terminal, cache));
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
            var shards = Shards(parsed.GetValue(shard), parsed.GetValue(of));
            CheckOutput(path, shards is not null, parsed.GetValue(force));
            DefaultBlocks.Check(parsed, blocks, recipe.Network, recipe.Blocks);
            var opened = device.Open(parsed, gpus, terminal);
            using var owned = opened as IDisposable;
            var chosen = RunOptions.ParsePart(parsed.GetValue(part), DatasetPart.Train);
            return Task.FromResult(shards is { } wanted
                ? RunShard(terminal, path, wanted, recipe, chosen, opened, parsed.GetValue(force), cancellation)
                : Run(terminal, path, recipe, chosen, opened, cancellation));
        });
        return verb;
    }

    private static (int Number, int Of)? Shards(int? number, int? of)
    {
        if (number is null && of is null) return null;
        if (number is null || of is null) throw new UsageException("--shard and --of are given together");
        return number < of ? (number.Value, of.Value)
            : throw new UsageException($"--shard goes from 0 to {of - 1} with --of {of}, found {number}");
    }

    private static void CheckOutput(string path, bool isFolder, bool force)
    {
        if (isFolder && File.Exists(path))
            throw new DiffractException($"{path} is a file: with --shard, --out is a folder");
        if (!isFolder && Directory.Exists(path))
            throw new DiffractException($"{path} is a folder: without --shard, --out is a file");
        if (!isFolder && !TensorFile.CanSave(path))
            throw new UsageException($"--out is a file that ends in .safetensors, .pt or .pth, or with --shard a "
                + $"folder; found {path}");
        if (File.Exists(path) && !force)
            throw new DiffractException($"{path} exists already: give another name, or --force to overwrite it");
    }

    private static int RunShard(Terminal terminal, string folder, (int Number, int Of) shards, FeaturesRecipe recipe,
        DatasetPart part, Device device, bool force, CancellationToken cancellation)
    {
        var data = DataSource.Any(recipe.Data, part);
        using var network = NetworkFile.Load(recipe.Network, inference: recipe.Inference, device: device);
        foreach (var line in network.Assumed) terminal.Error.WriteLine($"assumed: {line}");
        using var progress = RunProgress.On(terminal);
        var result = new FeatureShardTask(folder, shards.Number, shards.Of, recipe, data, network)
            .Run(progress, force, cancellation);
        if (result.Skipped.Length > 0) terminal.Error.WriteLine(result.Skipped);
        terminal.Output.WriteLine($"shard {shards.Number} of {shards.Of}: {result.Shard.Rows} of images "
            + $"{result.Shard.First} to {result.Shard.First + result.Shard.Count - 1} in {result.Path}, "
            + Units.Bytes(result.Shard.Bytes));
        terminal.Output.WriteLine(result.Complete == shards.Of
            ? $"all {shards.Of} shards are there: {folder} is complete"
            : $"{result.Complete} of {shards.Of} shards are there");
        return ExitCode.Success;
    }

    private static int Merge(Terminal terminal, string folder)
    {
        using var progress = RunProgress.On(terminal);
        var whole = FeatureCache.Merge(folder, progress);
        terminal.Output.WriteLine($"{whole.Shards.Sum(s => (long)s.Rows)} images in {whole.Of} undamaged shards in "
            + $"{folder}, {Units.Bytes(whole.Shards.Sum(s => s.Bytes))}");
        return ExitCode.Success;
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
        if (result.MacsPerPass is { } macs)
        {
            var size = recipe.ImageSize ?? network.Network.Config.ImageSize;
            terminal.Error.WriteLine($"a pass costs {Units.Large(macs)} multiply-adds, "
                + $"{(double)macs / network.Network.Plan.At(new MapSize(size, size)).Macs:0.00} of a whole forward");
        }
        foreach (var (name, shape) in result.Tensors) terminal.Output.WriteLine($"{name}  {shape}");
        terminal.Output.WriteLine($"{result.Images} images with {recipe.Draws} noise draw"
            + $"{(recipe.Draws == 1 ? "" : "s")} each (seed {recipe.Seed}) in {path}, "
            + Units.Bytes(new FileInfo(path).Length));
        return ExitCode.Success;
    }
}
