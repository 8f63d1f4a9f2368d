using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract evaluate-generation</c>.</summary>
internal sealed class EvaluateGenerationVerb
{
    private const string Details = """
        Compares the features of generated images with those of real ones: the Frechet distance, the kernel distance,
        precision (how many generated images look real) and recall (how much of what is real is generated). Features
        are the mean of a block of a diffusion U-Net (--network), or those of the Inception network with which FID and
        KID are calculated (--inception; its checkpoint is not part of this program), or lie in feature files.
        As many real images as there are generated ones, at most half, are also compared with the other real ones: what
        the numbers would be if generated images were as good as real. Only numbers of equally many images, of the same
        network, timestep and block, can be compared. Writes result.json, neighbours.png (generated images and the real
        ones nearest to them, to see copies) and report.html into the run folder.
        """;

    // Little enough noise that features still see what is wrong with an image, and within what the network was trained
    // on.
    private const int Timestep = 10;

    private static readonly GenerationRecipe defaults = new()
    {
        Real = new FeatureInput { Path = "" },
        Generated = new FeatureInput { Path = "" },
    };

    private readonly Option<string?> real = Folder("--real", "Real images: a folder, a known data set or a list; or "
        + "their feature file");
    private readonly Option<string?> part = RunOptions.Part("train");
    private readonly Option<string?> generated = Folder("--generated", "Generated images, or their feature file");
    private readonly Option<string?> network = RunOptions.File("--network",
        "Checkpoint of the diffusion U-Net that reads images");
    private readonly Option<string?> inception = RunOptions.File("--inception",
        "Checkpoint of FID's Inception network (pt_inception-2015-12-05) that reads images instead");
    private readonly Option<int?> timestep = RunOptions.NumberOrNone("--timestep",
        $"Noise level, 0-based; {Timestep} for images", least: 0);
    private readonly Option<int?> block = RunOptions.NumberOrNone("--block", "Block; the middle one for images");
    private readonly Option<int> pool = RunOptions.Number("--pool", "Side maps are averaged to", defaults.Pool);
    private readonly Option<int?> size = RunOptions.NumberOrNone("--image-size", "Side to which images are cropped, "
        + "pixels; the U-Net's own when left out. The Inception network stretches what it gets to 299");
    private readonly Option<int?> label = RunOptions.Label();
    private readonly Option<int> images = RunOptions.Number("--images",
        "At most so many images of each kind, evenly spread; 0 for all", defaults.Images, least: 0);
    private readonly Option<int> k = RunOptions.Number("--k",
        "Nearest neighbour that an image reaches to, for precision and recall", defaults.K);
    private readonly Option<int> subsets = RunOptions.Number("--subsets", "Pairs of subsets of the kernel distance",
        defaults.Subsets);
    private readonly Option<int?> subsetSize = RunOptions.NumberOrNone("--subset-size",
        "Images in a subset; 1000, and at most half of the images, when left out", least: 2);
    private readonly Option<int> batch = RunOptions.Number("--batch", "Images the network reads at once",
        defaults.Batch);
    private readonly Option<ulong> seed = RunOptions.Seed();
    private readonly Option<bool> stop = RunOptions.StopOnBroken();
    private readonly InferenceWords inference = new();
    private readonly DeviceWords device = new();
    private readonly Option<string?> name = RunOptions.Name("generation");

    private EvaluateGenerationVerb()
    {
    }

    public static Command Make(Terminal terminal, Gpus gpus) => new EvaluateGenerationVerb().Verb(terminal, gpus);

    private Verb Verb(Terminal terminal, Gpus gpus)
    {
        var verb = new Verb("evaluate-generation", "Says how close generated images are to real ones")
        {
            Details = Details,
            Examples =
            [
                "diffract evaluate-generation --real photos --generated samples --network unet.safetensors",
                "diffract evaluate-generation --real photos --generated samples --image-size 256 "
                    + "--inception pt_inception-2015-12-05-6726825d.pth",
            ],
        };
        Option[] options = [real, part, generated, network, inception, timestep, block, pool, size, label, images, k,
            subsets, subsetSize, batch, seed, stop, .. inference.Options, .. device.Options, name];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, null,
            () => device.Open(parsed, gpus, terminal), () => Recipe(parsed), GenerationRecipe.Json,
            (run, recipe, on) => Run(terminal, run, recipe, on, cancellation))));
        return verb;
    }

    private static Option<string?> Folder(string name, string description) =>
        new(name) { Description = description, HelpName = "DIR" };

    private GenerationRecipe Recipe(ParseResult parsed)
    {
        RunOptions.Alone(parsed, inception, [network, timestep, block, pool, label, .. inference.Options]);
        var (first, second) = (RunOptions.Need(parsed, real), RunOptions.Need(parsed, generated));
        if (FeatureInput.HasFeatures(first) && FeatureInput.HasFeatures(second))
            foreach (var option in (Option[])[part, network, inception, size, label, stop, .. inference.Options])
                if (parsed.GetResult(option) is { Implicit: false })
                    throw new DiffractException($"both have features already: leave {option.Name} out");
        return new GenerationRecipe
        {
            Real = Input(parsed, first, RunOptions.ParsePart(parsed.GetValue(part), DatasetPart.Train)),
            Generated = Input(parsed, second, DatasetPart.Train),
            Inception = parsed.GetValue(inception),
            Images = parsed.GetValue(images),
            Pool = parsed.GetValue(pool),
            K = parsed.GetValue(k),
            Subsets = parsed.GetValue(subsets),
            SubsetSize = parsed.GetValue(subsetSize),
            Batch = parsed.GetValue(batch),
            Seed = parsed.GetValue(seed),
        };
    }

    private FeatureInput Input(ParseResult parsed, string path, DatasetPart part)
    {
        var input = new FeatureInput
        {
            Path = path,
            Part = part,
            ImageSize = parsed.GetValue(size),
            Timesteps = parsed.GetValue(timestep) is { } t ? [t] : null,
            Blocks = parsed.GetValue(block) is { } b ? [b] : null,
            ClassLabel = parsed.GetValue(label),
            Seed = parsed.GetValue(seed),
            Inference = inference.Recipe(parsed),
            StopOnBrokenImage = parsed.GetValue(stop),
        };
        if (parsed.GetValue(inception) is not null || FeatureInput.HasFeatures(path)) return input;
        if (!FeatureInput.HasImages(path)) throw new DiffractException($"{path}: no such images, nor features");
        input = input with
        {
            Network = parsed.GetValue(network) ?? throw new DiffractException($"{path} has images: --network or "
                + "--inception is needed to read them"),
        };
        return input with
        {
            Timesteps = input.Timesteps ?? [Timestep],
            Blocks = input.Blocks ?? [input.MiddleBlock()],
        };
    }

    private static int Run(
        Terminal terminal, RunFolder run, GenerationRecipe recipe, Device device, CancellationToken cancellation)
    {
        using var real = Open(recipe, recipe.Real, null, device);
        using var generated = Open(recipe, recipe.Generated, real.Side, device);
        foreach (var line in real.Assumed) terminal.Error.WriteLine($"assumed: {line}");
        GenerationResult result;
        using (var progress = RunProgress.On(terminal))
            result = new GenerationTask(recipe, real, generated, device).Run(progress, cancellation);
        foreach (var skipped in (string[])[real.Skipped, generated.Skipped])
            if (skipped.Length > 0) terminal.Error.WriteLine(skipped);
        var sheet = real.Images is { } first && generated.Images is { } second
            ? GenerationReport.Draw(result, first, second, real.Side)
            : null;
        GenerationReport.Write(run, recipe, result, sheet);
        foreach (var line in GenerationReport.Lines(result)) terminal.Output.WriteLine(line);
        foreach (var note in result.Notes()) terminal.Error.WriteLine($"note: {note}");
        if (sheet is not null) terminal.Output.WriteLine($"nearest real images: {run.At("neighbours.png")}");
        terminal.Output.WriteLine($"report: {run.ReportPath}");
        return ExitCode.Success;
    }

    private static GenerationFeatures Open(GenerationRecipe recipe, FeatureInput input, int? side, Device device) =>
        recipe.Inception is { } checkpoint
            ? GenerationFeatures.OpenInception(input, checkpoint, side, device)
            : GenerationFeatures.Open(input, recipe.Pool, device);
}
