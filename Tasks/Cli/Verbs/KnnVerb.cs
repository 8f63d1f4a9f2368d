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
        are read here.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var train = RunOptions.File("--train", "Training features: a feature file, or a folder of labelled images");
        var test = RunOptions.File("--test", "Test features: a feature file, or a folder of labelled images");
        var words = new FeatureWords();
        var k = RunOptions.List("--k", "Numbers of neighbours", "20,200");
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
            () => device.Open(parsed, gpus, terminal), () => new KnnRecipe
            {
                Train = words.Input(parsed, RunOptions.Need(parsed, train), DatasetPart.Train),
                Test = Tested(words.Input(parsed, RunOptions.Need(parsed, test), DatasetPart.Test)),
                K = RunOptions.Choices(parsed, k, least: 1)!,
                Temperature = parsed.GetValue(temperature),
                Cosine = parsed.GetValue(similarity) != "dot",
                Pool = parsed.GetValue(pool),
                Batch = parsed.GetValue(batch),
            }, KnnRecipe.Json, (run, recipe, on) => Run(terminal, run, recipe, on, cancellation))));
        return verb;
    }

    // A folder of class folders has one part, whatever is asked for.
    private static FeatureInput Tested(FeatureInput input) =>
        FeatureInput.HasImages(input.Path) && !Datasets.HasTest(input.Path)
            ? input with { Part = DatasetPart.Train }
            : input;

    private static int Run(
        Terminal terminal, RunFolder run, KnnRecipe recipe, Device device, CancellationToken cancellation)
    {
        using var train = FeatureWords.Announced(terminal, recipe.Train.Open(device, recipe.Pool, labelled: true));
        var spec = train.Source.Spec;
        using var test = (recipe.Test with { Timesteps = spec.Timesteps, Blocks = spec.Blocks })
            .Open(device, recipe.Pool, labelled: true);
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
