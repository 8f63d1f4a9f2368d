using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract knn</c>.</summary>
internal static class KnnVerb
{
    private const string Details = """
        Names each test image by its most similar training images, which vote with weights exp(similarity /
        temperature): what features are worth without any training. Every timestep and block is scored by itself.
        Prints top-1 and top-5 with 95 % confidence intervals, and writes result.json, pictures and report.html into
        the run folder. Reading many images takes long: diffract features can be stopped and goes on, and its files
        are read here, one layer at a time; one side may be a file, and the other images that the same network reads.
        Features straight from a network are kept in memory until all images are read, for all --blocks and
        --timesteps: 4 bytes an image for each channel, with --pool 1. Test images have noise of --seed + 1.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var train = RunOptions.File("--train", "Training features: a feature file, or a folder of labelled images");
        var test = RunOptions.File("--test", "Test features: a feature file, or a folder of labelled images");
        var words = new FeatureWords();
        var k = RunOptions.List("--k", "Numbers of neighbours; when left out, those of them that there are images for",
            "20,200");
        var temperature = RunOptions.Real("--temperature", "Low values leave the vote to the very nearest", 0.1)
            .Positive();
        var similarity = CommonOptions.Choice("--similarity",
            "cosine (default) divides features by their length; dot takes them as they are", "cosine", "dot");
        var pool = RunOptions.Number("--pool", "Side maps are averaged to; 0 keeps them", 1, least: 0);
        var batch = RunOptions.Number("--batch", "Images the network reads at once", 32);
        var device = new DeviceWords();
        var name = RunOptions.Name("knn");
        var verb = new Verb("knn", "Classifies by nearest neighbours in the features")
        {
            Details = Details,
            Examples =
            [
                "diffract knn --train train.safetensors --test test.safetensors",
                "diffract knn --train photos/train --test photos/val --network unet.safetensors --timesteps 90 "
                    + "--blocks 19,24",
            ],
        };
        Option[] options = [train, test, .. words.Options, k, temperature, similarity, pool, batch, .. device.Options,
            name];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, null,
            () => device.Open(parsed, gpus, terminal), () =>
            {
                var (from, to) = (RunOptions.Need(parsed, train), RunOptions.Need(parsed, test));
                return new KnnRecipe
                {
                    Train = words.Input(parsed, from, DatasetPart.Train, beside: to, own: [batch]),
                    Test = Tested(words.Input(parsed, to, DatasetPart.Test, beside: from, own: [batch])),
                    K = RunOptions.Choices(parsed, k, least: 1)!,
                    Temperature = parsed.GetValue(temperature),
                    Cosine = parsed.GetValue(similarity) != "dot",
                    Pool = parsed.GetValue(pool),
                    Batch = parsed.GetValue(batch),
                };
            }, KnnRecipe.Json, (run, recipe, on) => Run(terminal, run, recipe,
                parsed.GetResult(k) is { Implicit: false }, on, cancellation))));
        return verb;
    }

    // A folder of class folders has one part, whatever is asked for. In the same noise a test image would be like the
    // training image at its position.
    private static FeatureInput Tested(FeatureInput input) =>
        !FeatureInput.HasImages(input.Path) ? input
        : input with
        {
            Part = Datasets.HasTest(input.Path) ? input.Part : DatasetPart.Train,
            NoiseSeed = input.Seed + 1,
        };

    // A file has the timesteps and blocks it has, of images of a size, averaged or not: images beside it are read so,
    // in other noise.
    private static (OpenedFeatures Train, OpenedFeatures Test) Open(Terminal terminal, KnnRecipe recipe, Device device)
    {
        var isFileLast = FeatureInput.HasImages(recipe.Train.Path) && FeatureInput.HasFeatures(recipe.Test.Path);
        var (leader, follower) = isFileLast ? (recipe.Test, recipe.Train) : (recipe.Train, recipe.Test);
        var first = FeatureWords.Announced(terminal, leader.Open(device, recipe.Pool, labelled: true));
        try
        {
            var (spec, origin) = (first.Source.Spec, first.Source.Origin);
            var second = (follower with
            {
                Timesteps = spec.Timesteps,
                Blocks = spec.Blocks,
                ImageSize = follower.ImageSize ?? (origin.ImageSize > 0 ? origin.ImageSize : null),
            }).Beside(first.Source).Open(device, leader.Network is null ? origin.Pool : recipe.Pool, labelled: true);
            // Of one network for both it has been said.
            if (leader.Network is null) FeatureWords.Announced(terminal, second);
            return isFileLast ? (second, first) : (first, second);
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }

    private static bool HasSameImages(KnnRecipe recipe) =>
        (recipe.Train.Part == recipe.Test.Part || FeatureInput.HasFeatures(recipe.Test.Path))
        && Path.GetFullPath(recipe.Train.Path) == Path.GetFullPath(recipe.Test.Path);

    private static bool HasSameNoise(FeatureTable? train, FeatureTable? test) =>
        train?.Header is { } one && one.Seed == test?.Header?.Seed;

    // What was not asked for cannot be too much.
    private static KnnRecipe Fitting(Terminal terminal, RunFolder run, KnnRecipe recipe, int images)
    {
        int[] fitting = [.. recipe.K.Where(k => k <= images)];
        if (fitting.Length == recipe.K.Count) return recipe;
        if (fitting.Length == 0) fitting = [images];
        terminal.Error.WriteLine($"note: there are {images} training images: k {string.Join(", ", fitting)} instead of "
            + string.Join(", ", recipe.K));
        var fitted = recipe with { K = fitting };
        RecipeFile.Save(run.RecipePath, fitted, KnnRecipe.Json);
        return fitted;
    }

    private static int Run(Terminal terminal, RunFolder run, KnnRecipe recipe, bool isKGiven, Device device,
        CancellationToken cancellation)
    {
        var (train, test) = Open(terminal, recipe, device);
        using var owned = train;
        using var ownedToo = test;
        var (of, beside) = (train.Source.Origin, test.Source.Origin);
        if (of.IsOfAnotherNetwork(beside))
            terminal.Error.WriteLine($"note: training features are of the network {of.Network} "
                + $"({of.NetworkSha256[..8]}...), test features of another file, {beside.Network} "
                + $"({beside.NetworkSha256[..8]}...)");
        if (HasSameImages(recipe))
            terminal.Error.WriteLine($"note: {recipe.Test.Path} is on both sides: every image votes for itself");
        else if (HasSameNoise(train.Source as FeatureTable, test.Source as FeatureTable))
            terminal.Error.WriteLine("note: both files have noise of the same seed, so a test image is like the "
                + "training image at its position: make one of them with another --seed");
        if (!isKGiven) recipe = Fitting(terminal, run, recipe, train.Source.Count);
        KnnResult result;
        using (var progress = RunProgress.On(terminal))
            result = new KnnTask(recipe, train.Source, test.Source, device).Run(progress, cancellation);
        foreach (var skipped in (string[])[train.Skipped, test.Skipped])
            if (skipped.Length > 0) terminal.Error.WriteLine(skipped);
        RecipeFile.Save(run.At("result.json"), result, KnnResult.Json);
        KnnReport.Write(run, recipe, result);
        foreach (var line in KnnReport.Lines(result)) terminal.Output.WriteLine(line);
        terminal.Output.WriteLine($"report: {run.ReportPath}");
        return ExitCode.Success;
    }
}
