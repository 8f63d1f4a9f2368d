using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract cka</c>.</summary>
internal static class CkaVerb
{
    private static readonly CkaRecipe defaults = new() { Features = new FeatureInput { Path = "" } };

    private const string Details = """
        Linear centred kernel alignment of every layer with every other, from what they say of the same images: blocks
        at one timestep, timesteps at one block, or both; or the layers of one network or feature file against those
        of another. Writes the matrix as cka.svg, cka.csv and result.json, and report.html, into the run folder.
        The full estimator keeps a matrix of images by images for each layer; the minibatch ones only a batch, whatever
        the number of images. Features from a network are kept until all images are read: average large maps with
        --pool, or compare feature files, of which one layer at a time is in memory.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var features = RunOptions.File("--features", "Rows: a feature file, or a folder of images");
        var part = RunOptions.Part("test where there is one");
        var words = new FeatureWords();
        var against = RunOptions.File("--against", "Columns: another feature file of the same images");
        var otherNetwork = RunOptions.File("--against-network", "Columns: another network that reads the same images");
        var otherSteps = Choice("--against-timesteps",
            "Noise levels of the columns; when left out all of the file --against, else those of the rows");
        var otherBlocks = Choice("--against-blocks",
            "Blocks of the columns; when left out all of the other file or network, else those of the rows");
        var estimator = CommonOptions.Choice("--estimator",
            "full (default): all images at once; minibatch: unbiased, over batches; minmax: the same of Gram matrices "
            + "stretched to [0, 1]", "full", "minibatch", "minmax");
        var batch = RunOptions.Number("--batch", "Images in a batch", defaults.Batch);
        var pool = RunOptions.Number("--pool", "Averages larger maps to this side; 0 compares all elements",
            defaults.Pool, least: 0);
        var images = RunOptions.Number("--images", "At most so many images, evenly spread; 0 for all", defaults.Images,
            least: 0);
        var device = new DeviceWords();
        var name = RunOptions.Name("cka");
        var verb = new Verb("cka", "Compares layers with each other, or with another network's")
        {
            Details = Details,
            Examples =
            [
                "diffract cka --features photos --network unet.safetensors --timesteps 90 --pool 4",
                "diffract cka --features unet.safetensors --against vit.safetensors",
            ],
        };
        Option[] options = [features, part, .. words.Options, against, otherNetwork, otherSteps, otherBlocks,
            estimator, batch, pool, images, .. device.Options, name];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, null,
            () => device.Open(parsed, gpus, terminal), () =>
            {
                RunOptions.Alone(parsed, against, otherNetwork);
                var path = RunOptions.Need(parsed, features);
                var fallback = FeatureInput.HasImages(path) && Datasets.HasTest(path)
                    ? DatasetPart.Test : DatasetPart.Train;
                var estimate = parsed.GetValue(estimator) switch
                {
                    "minibatch" => CkaEstimator.Minibatch,
                    "minmax" => CkaEstimator.MinibatchMinMax,
                    _ => CkaEstimator.Full,
                };
                var rows = words.Input(parsed, path, RunOptions.ParsePart(parsed.GetValue(part), fallback),
                    seeded: estimate != CkaEstimator.Full, own: [part]);
                return new CkaRecipe
                {
                    Features = rows,
                    Against = Other(parsed, rows, against, otherNetwork, otherSteps, otherBlocks),
                    Estimator = estimate,
                    Batch = parsed.GetValue(batch),
                    Pool = parsed.GetValue(pool),
                    Images = parsed.GetValue(images),
                };
            }, CkaRecipe.Json, (run, recipe, on) => Run(terminal, run, recipe, on, cancellation))));
        return verb;
    }

    private static Option<string> Choice(string name, string description) =>
        new(name) { Description = description, HelpName = "A,B,..." };

    // Other layers of the same features are columns too.
    private static FeatureInput? Other(ParseResult parsed, FeatureInput rows, Option<string?> file,
        Option<string?> network, Option<string> timesteps, Option<string> blocks)
    {
        var (steps, chosen) = (RunOptions.Choices(parsed, timesteps, 0), RunOptions.Choices(parsed, blocks, 1));
        if (parsed.GetValue(file) is { } path)
            return new FeatureInput { Path = path, Timesteps = steps, Blocks = chosen };
        if (parsed.GetValue(network) is { } checkpoint)
            return FeatureInput.HasFeatures(rows.Path)
                ? throw new DiffractException($"{rows.Path} has features already: leave {network.Name} out")
                : rows with { Network = checkpoint, Timesteps = steps ?? rows.Timesteps, Blocks = chosen };
        return steps is null && chosen is null
            ? null
            : rows with { Timesteps = steps ?? rows.Timesteps, Blocks = chosen ?? rows.Blocks };
    }

    private static int Run(
        Terminal terminal, RunFolder run, CkaRecipe recipe, Device device, CancellationToken cancellation)
    {
        using var rows = FeatureWords.Announced(terminal, recipe.Features.Open(device, recipe.Pool));
        using var columns = recipe.Against?.Open(device, recipe.Pool);
        if (recipe.Against is { Timesteps: null } && columns is { Source.Spec.Timesteps: var others }
            && !others.SequenceEqual(rows.Source.Spec.Timesteps))
            terminal.Error.WriteLine($"note: the rows are of timestep {string.Join(", ", rows.Source.Spec.Timesteps)}, "
                + $"the columns of timestep {string.Join(", ", others)} (--against-timesteps)");
        CkaResult result;
        using (var progress = RunProgress.On(terminal))
            result = new CkaTask(recipe, rows.Source, columns?.Source, device).Run(progress, cancellation);
        foreach (var skipped in (string[])[rows.Skipped, columns?.Skipped ?? ""])
            if (skipped.Length > 0) terminal.Error.WriteLine(skipped);
        CkaReport.Write(run, recipe, result);
        terminal.Output.WriteLine($"{result.Rows.Count} by {result.Columns.Count} layers, {result.Images} images: "
            + run.At("cka.svg"));
        terminal.Output.WriteLine($"report: {run.ReportPath}");
        return ExitCode.Success;
    }
}
