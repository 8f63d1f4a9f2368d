using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract evaluate-classifier</c>.</summary>
internal static class EvaluateClassifierVerb
{
    private const string Details = """
        Scores a classifier of noised images, ours or a published one, on clean images and on images with the noise of
        some timesteps. Prints top-1 and top-5 with 95 % confidence intervals, and writes them with a curve beside the
        classifier.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var file = new Argument<string>("CLASSIFIER") { Description = "The checkpoint, or the run folder" };
        var data = RunOptions.Data("Images with a folder for each class");
        var part = RunOptions.Part("test");
        var timesteps = new Option<string>("--timesteps")
        {
            Description = "Noise levels, 0-based, beside clean images; eight of them when left out",
            HelpName = "A,B,...",
        };
        var batch = RunOptions.Number("--batch", "Images at once", 32);
        var seed = RunOptions.Seed();
        var device = new DeviceWords();
        var stop = RunOptions.StopOnBroken();
        var verb = new Verb("evaluate-classifier", "Scores a classifier of noised images")
        {
            Details = Details,
            Examples = ["diffract evaluate-classifier runs/photos-classifier --data photos --timesteps 0,100,300"],
        };
        verb.Add(file);
        Option[] options = [data, part, timesteps, batch, seed, .. device.Options, stop];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(file);
            if (Directory.Exists(path)) path = Path.Combine(path, "classifier.safetensors");
            var folder = RunOptions.Need(parsed, data);
            var fallback = Datasets.HasTest(folder) ? DatasetPart.Test : DatasetPart.Train;
            var images = DataSource.Labelled(folder, RunOptions.ParsePart(parsed.GetValue(part), fallback));
            var on = device.Open(parsed, gpus, terminal);
            using var closed = on as IDisposable;
            using var network = ClassifierNetwork.Load(path, on);
            Check(path, network, images);
            int?[] steps = [null, .. RunOptions.Choices(parsed, timesteps, least: 0)?.Select(t => (int?)t)
                ?? ClassifierReport.Timesteps(network.Process.Timesteps)];
            if (steps.Max() >= network.Process.Timesteps)
                throw new DiffractException($"the classifier knows timesteps 0 to {network.Process.Timesteps - 1}, "
                    + $"found {steps.Max()}");
            var broken = new BrokenImages(parsed.GetValue(stop));
            List<ClassifierScore> scores;
            using (var progress = RunProgress.On(terminal))
            using (var bar = progress.Begin("evaluating", (long)steps.Length * images.Count, "images"))
                scores = [.. steps.Select(t => ClassifierEvaluation.Run(network.Network, network.Process, images, t,
                    parsed.GetValue(batch), parsed.GetValue(seed), n => bar.Advance(n), broken, cancellation))];
            if (broken.Count > 0) terminal.Error.WriteLine(broken.ToString());
            foreach (var line in ClassifierReport.Lines(scores)) terminal.Output.WriteLine(line);
            var (json, svg) = (Path.ChangeExtension(path, ".evaluation.json"), Path.ChangeExtension(path, ".svg"));
            ClassifierReport.Save(json, new ClassifierScores(folder, scores));
            ClassifierReport.Draw(scores).Save(svg);
            terminal.Output.WriteLine($"scores: {json}, curve: {svg}");
            return Task.FromResult(ExitCode.Success);
        });
        return verb;
    }

    private static void Check(string path, ClassifierNetwork network, ImageDataset images)
    {
        if (network.Network.Config.OutChannels != images.ClassNames.Count)
            throw new DiffractException($"{path} knows {network.Network.Config.OutChannels} classes, the images have "
                + $"{images.ClassNames.Count}");
        if (network.Classes is { } known && !known.SequenceEqual(images.ClassNames))
            throw new DiffractException($"{path} knows other classes ({string.Join(", ", known.Take(5))}) than the "
                + $"images have ({string.Join(", ", images.ClassNames.Take(5))})");
    }
}
