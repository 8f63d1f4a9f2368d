using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract evaluate</c>.</summary>
internal static class EvaluateVerb
{
    private const string Details = """
        Prints top-1 and top-5 with 95 % confidence intervals, and writes a report with the accuracy of each class and
        a picture of the confusion matrix. The first noise draw is used, and centre crops.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var head = new Argument<string>("HEAD")
        {
            Description = "The head: a file that train wrote, or its run folder",
        };
        var features = RunOptions.File("--features", "A feature file; or images with --data and --network");
        var data = RunOptions.Data("Images with a folder for each class");
        var part = RunOptions.Part("test");
        var network = RunOptions.File("--network", "Checkpoint of the diffusion U-Net the head was trained with");
        var label = RunOptions.Label();
        var batch = RunOptions.Number("--batch", "Images at once", 32);
        var seed = RunOptions.Seed();
        var inference = new InferenceWords();
        var device = new DeviceWords();
        var stop = RunOptions.StopOnBroken();
        var output = RunOptions.File("--report", "The report to write (.html); beside the head when left out");
        var verb = new Verb("evaluate", "Scores a head on images or features")
        {
            Details = Details,
            Examples =
            [
                "diffract evaluate runs/probe --features test.safetensors",
                "diffract evaluate runs/probe/best.safetensors --data photos --network unet.safetensors",
            ],
        };
        verb.Add(head);
        Option[] options = [features, data, part, network, label, batch, seed, .. device.Options,
            .. inference.Options, stop, output];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) =>
        {
            RunOptions.Alone(parsed, features, data, part, network, label, seed, stop);
            RunOptions.Alone(parsed, features, inference.Options);
            var path = parsed.GetRequiredValue(head);
            if (Directory.Exists(path)) path = Path.Combine(path, "best.safetensors");
            if (!File.Exists(path)) throw new DiffractException($"{path}: no such head (diffract train writes one)");
            if (parsed.GetValue(features) is null && parsed.GetValue(data) is null)
                throw new DiffractException("evaluate needs a feature file (--features), or images and the network "
                    + "that reads them (--data and --network)");
            var on = device.Open(parsed, gpus, terminal);
            using var closed = on as IDisposable;
            var (loaded, header) = HeadFile.Load(path, on);
            using var owned = loaded;
            using var opened = parsed.GetValue(features) is { } file
                ? OpenedFeatures.FromFile(file, header.Timesteps, header.Blocks)
                : Images(parsed, RunOptions.Need(parsed, data), RunOptions.Need(parsed, network), part, label, seed,
                    stop, inference, on, header);
            HeadFile.CheckFits(path, header, opened.Source);
            if (HeadFile.Doubt(path, header, opened.Source) is { } doubt) terminal.Error.WriteLine($"note: {doubt}");
            if (opened.Source.Classes.Count == 0)
                throw new DiffractException(
                    "scoring a head needs labels: put the images of each class in a folder of its own");
            var score = Score(terminal, loaded, opened.Source, parsed.GetValue(batch), cancellation);
            if (opened.Skipped.Length > 0) terminal.Error.WriteLine(opened.Skipped);
            foreach (var line in EvaluateReport.Lines(score)) terminal.Output.WriteLine(line);
            var report = parsed.GetValue(output) ?? Path.ChangeExtension(path, ".evaluation.html");
            EvaluateReport.Write(report, path, header, score);
            terminal.Output.WriteLine($"report: {report}");
            return Task.FromResult(ExitCode.Success);
        });
        return verb;
    }

    private static OpenedFeatures Images(ParseResult parsed, string data, string network, Option<string?> part,
        Option<int?> label, Option<ulong> seed, Option<bool> stop, InferenceWords inference,
        Device device, HeadFileHeader header)
    {
        // A folder of class folders has one part, whatever is asked for.
        var fallback = Datasets.HasTest(data) ? DatasetPart.Test : DatasetPart.Train;
        var images = DataSource.Labelled(data, RunOptions.ParsePart(parsed.GetValue(part), fallback));
        return OpenedFeatures.FromImages(images, network, header.ImageSize > 0 ? header.ImageSize : null,
            header.Timesteps, header.Blocks, parsed.GetValue(label), parsed.GetValue(seed), parsed.GetValue(stop),
            pool: header.FeaturePool, inference: inference.Recipe(parsed), device: device);
    }

    private static HeadScore Score(Terminal terminal, Model.Head head, IFeatureSource source, int batch,
        CancellationToken cancellation)
    {
        using var progress = RunProgress.On(terminal);
        using var bar = progress.Begin("evaluating", source.Count, "images");
        return HeadEvaluation.Run(head, source, [.. Enumerable.Range(0, source.Count)], batch, n => bar.Advance(n),
            cancellation);
    }
}
