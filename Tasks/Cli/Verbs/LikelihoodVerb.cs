using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract likelihood</c>.</summary>
internal static class LikelihoodVerb
{
    private static readonly LikelihoodRecipe defaults = new() { Data = "", Network = "" };

    private const string Details = """
        Evaluates the variational bound of images under a diffusion U-Net: an upper bound on their negative log
        likelihood, in bits for each of an image's bytes, as a mean over the images with its standard error. It takes a
        run of the network for every image and timestep, 1000 an image as a rule. An image's number depends on --seed
        alone, not on the batch it is in. Writes result.json, curves by timestep (bits.svg, mse.svg) and report.html
        into the run folder; Ctrl+C stops, and --resume goes on after the last whole batch.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var data = RunOptions.Data("Real images that the network was not trained on");
        var part = RunOptions.Part("test where there is one");
        var network = RunOptions.File("--network", "Checkpoint of a diffusion U-Net, safetensors or PyTorch");
        var size = RunOptions.ImageSize();
        var images = RunOptions.Number("--images", "At most so many images, evenly spread; 0 for all", defaults.Images,
            least: 0);
        var batch = RunOptions.Number("--batch", "Images at once", defaults.Batch);
        var label = RunOptions.Label();
        var seed = RunOptions.Seed();
        var stop = RunOptions.StopOnBroken();
        var inference = new InferenceWords();
        var device = new DeviceWords();
        var name = RunOptions.Name("likelihood");
        var resume = RunOptions.Resume();
        var verb = new Verb("likelihood", "Says how likely a diffusion U-Net finds images, in bits per dimension")
        {
            Details = Details,
            Examples =
            [
                "diffract likelihood --data photos/val --network unet.safetensors",
                "diffract likelihood --resume runs/likelihood",
            ],
        };
        Option[] options = [data, part, network, size, images, batch, label, seed, stop, .. inference.Options,
            .. device.Options, name, resume];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, resume,
            () => device.Open(parsed, gpus, terminal), () =>
            {
                var path = RunOptions.Need(parsed, data);
                return new LikelihoodRecipe
                {
                    Data = path,
                    Part = RunOptions.ParsePart(parsed.GetValue(part),
                        Datasets.HasTest(path) ? DatasetPart.Test : DatasetPart.Train),
                    Network = RunOptions.Need(parsed, network),
                    ImageSize = parsed.GetValue(size),
                    Images = parsed.GetValue(images),
                    Batch = parsed.GetValue(batch),
                    ClassLabel = parsed.GetValue(label),
                    Seed = parsed.GetValue(seed),
                    Inference = inference.Recipe(parsed),
                    StopOnBrokenImage = parsed.GetValue(stop),
                };
            }, LikelihoodRecipe.Json, (run, recipe, on) => Run(terminal, run, recipe, on, cancellation))));
        return verb;
    }

    private static int Run(
        Terminal terminal, RunFolder run, LikelihoodRecipe recipe, Device device, CancellationToken cancellation)
    {
        using var held = run.Hold();
        var data = DataSource.Any(recipe.Data, recipe.Part);
        using var network = NetworkFile.Load(recipe.Network, inference: recipe.Inference, device: device);
        foreach (var line in network.Assumed) terminal.Error.WriteLine($"assumed: {line}");
        var task = new LikelihoodTask(run, recipe, data, network);
        LikelihoodResult result;
        using (var progress = RunProgress.On(terminal)) result = task.Run(progress, cancellation);
        if (task.Skipped.Length > 0) terminal.Error.WriteLine(task.Skipped);
        LikelihoodReport.Write(run, recipe, result);
        foreach (var line in LikelihoodReport.Lines(result)) terminal.Output.WriteLine(line);
        terminal.Output.WriteLine($"report: {run.ReportPath}");
        return ExitCode.Success;
    }
}
