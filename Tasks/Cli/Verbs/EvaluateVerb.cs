using System.CommandLine;
using System.Security.Cryptography;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract evaluate</c>.</summary>
internal static class EvaluateVerb
{
    private const string Details = """
        Prints top-1 and top-5 with 95 % confidence intervals, and writes a report with the accuracy of each class and
        a picture of the confusion matrix. Images are cropped in the centre; their noise is that of --seed, or of a new
        seed with --noise fresh, and the probabilities of several draws are averaged.
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
        var network = RunOptions.File("--network", "Checkpoint of the diffusion U-Net the head was trained with; a "
            + "fine-tuned one lies beside the head");
        var label = RunOptions.Label();
        var batch = RunOptions.Number("--batch", "Images at once", 32);
        var seed = RunOptions.Seed();
        var draws = RunOptions.Number("--draws", "Noise draws of each image, whose probabilities are averaged", 1);
        var noise = CommonOptions.Choice("--noise", "seeded (default): the same in every call; fresh: another seed in "
            + "each, which is printed", "seeded", "fresh");
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
        Option[] options = [features, data, part, network, label, batch, seed, draws, noise,
            .. device.Options,
            .. inference.Options, stop, output];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) =>
        {
            RunOptions.Alone(parsed, features, data, part, network, label, seed, noise, stop);
            RunOptions.Alone(parsed, features, inference.Options);
            var path = HeadFile.Find(parsed.GetRequiredValue(head));
            if (parsed.GetValue(features) is null && parsed.GetValue(data) is null)
                throw new UsageException("evaluate needs a feature file (--features), or images and the network "
                    + "that reads them (--data and --network)");
            if (parsed.GetValue(features) is { } given && FeatureInput.HasImages(given))
                throw new DiffractException($"{given} has images, no features: name it with --data, and the network "
                    + "that reads it with --network");
            var on = device.Open(parsed, gpus, terminal);
            using var closed = on as IDisposable;
            var hash = DiffusionNetwork.Hash(path);
            var (loaded, header) = HeadFile.Load(path, on);
            using var owned = loaded;
            var file = parsed.GetValue(features);
            var images = file is null ? RunOptions.Need(parsed, data) : "";
            var unet = file is not null ? ""
                : parsed.GetValue(network) ?? HeadFile.OwnNetwork(path) ?? RunOptions.Need(parsed, network);
            using var opened = file is not null
                ? OpenedFeatures.FromFile(file, header.Timesteps, header.Blocks)
                : OpenedFeatures.FromImages(DataSource.Labelled(images, Part(parsed, images, part)),
                    ImageReading.Of(header, unet) with
                    {
                        ClassLabel = parsed.GetValue(label) ?? header.ClassLabel,
                        Seed = Seed(parsed, seed, noise, terminal),
                        StopOnBrokenImage = parsed.GetValue(stop),
                        Inference = inference.Recipe(parsed),
                    }, on);
            if (header.Feedback is not null)
                HeadFile.LoadFeedback(path, opened.Feedback ?? throw new DiffractException($"{path} was trained with "
                    + "feedback, which runs the network twice: it needs images (--data and --network), not a feature "
                    + "file"));
            HeadFile.CheckFits(path, header, opened.Source);
            if (file is null) HeadFile.CheckOwnNetwork(path, header, opened.Source, unet);
            if (HeadFile.Doubt(path, header, opened.Source) is { } doubt) terminal.Error.WriteLine($"note: {doubt}");
            if (parsed.GetValue(label) is { } said && said != header.ClassLabel)
                terminal.Error.WriteLine($"note: the network is given the class {said}; "
                    + (header.ClassLabel is { } own ? $"when the head was trained it was given {own}"
                        : "the head does not say what it was given in training"));
            if (opened.Source.Classes.Count == 0)
                throw new DiffractException(
                    "scoring a head needs labels: put the images of each class in a folder of its own");
            if (TrainingData.Find(path) is { } learnt && (file is not null
                ? learnt.HasFeatures(file)
                : learnt.HasImages(images) && !IsTest(images, Part(parsed, images, part))))
                terminal.Error.WriteLine("note: the head learnt from these images, or from all but those that were "
                    + "held out: it knows others less well");
            var score = Score(terminal, loaded, opened.Source, parsed.GetValue(batch), parsed.GetValue(draws),
                cancellation);
            if (opened.Skipped.Length > 0) terminal.Error.WriteLine(opened.Skipped);
            foreach (var line in EvaluateReport.Lines(score)) terminal.Output.WriteLine(line);
            var report = parsed.GetValue(output) ?? Path.ChangeExtension(path, ".evaluation.html");
            EvaluateReport.Write(report, path, header, score, parsed.GetValue(draws));
            EvaluationFile.Save(EvaluationFile.PathOf(path), file ?? images, score, parsed.GetValue(draws), hash);
            terminal.Output.WriteLine($"report: {report}");
            return Task.FromResult(ExitCode.Success);
        });
        return verb;
    }

    private static DatasetPart Part(ParseResult parsed, string data, Option<string?> part) => RunOptions.ParsePart(
        parsed.GetValue(part), Datasets.HasTest(data) ? DatasetPart.Test : DatasetPart.Train);

    // A folder of class folders has one part, whatever is asked for.
    private static bool IsTest(string data, DatasetPart part) => part == DatasetPart.Test && Datasets.HasTest(data);

    private static ulong Seed(ParseResult parsed, Option<ulong> seed, Option<string?> noise, Terminal terminal)
    {
        if (parsed.GetValue(noise) != "fresh") return parsed.GetValue(seed);
        RunOptions.Alone(parsed, noise, seed);
        var fresh = (ulong)RandomNumberGenerator.GetInt32(int.MaxValue);
        terminal.Error.WriteLine($"noise of --seed {fresh}");
        return fresh;
    }

    private static HeadScore Score(Terminal terminal, Model.Head head, IFeatureSource source, int batch,
        int draws, CancellationToken cancellation)
    {
        using var progress = RunProgress.On(terminal);
        using var bar = progress.Begin("evaluating", source.Count, "images");
        return HeadEvaluation.Run(head, source, [.. Enumerable.Range(0, source.Count)], batch, draws,
            n => bar.Advance(n), cancellation);
    }
}
