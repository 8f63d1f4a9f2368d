using System.CommandLine;
using System.Globalization;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract edit</c>.</summary>
internal static class EditVerb
{
    private static readonly EditRecipe defaults = new() { Images = [], Network = "" };

    private const string Details = """
        Takes images to the noise that DDIM would make them of, and back, and prints how far what comes back is from
        them; edit.png shows image, noise, what came back and four times the difference. With two images and --points it
        draws the way from one to the other, through noise between theirs (between.png). A class-conditional network
        reads images as --label and draws them as --to-label.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var images = new Argument<string[]>("IMAGE")
        {
            Description = "Images, the middle of which is taken",
            Arity = ArgumentArity.OneOrMore,
        };
        var network = RunOptions.File("--network", "Checkpoint of the diffusion U-Net");
        var size = RunOptions.ImageSize();
        var steps = RunOptions.Number("--steps", "Steps each way", defaults.Steps);
        var clip = new Option<bool>("--clip") { Description = "Limits predicted images to [-1, 1] in each step" };
        var points = RunOptions.Number("--points", "Images from the first to the second", defaults.Points, least: 0);
        var label = RunOptions.Label();
        var to = RunOptions.NumberOrNone("--to-label", "Class the images are drawn as; --label when left out", 0);
        var inference = new InferenceWords();
        var device = new DeviceWords();
        var name = RunOptions.Name("edit");
        var verb = new Verb("edit", "Takes images to noise and back, or from one to another")
        {
            Details = Details,
            Examples =
            [
                "diffract edit photo.png --network unet.pt",
                "diffract edit cat.png dog.png --network unet.pt --points 8",
            ],
        };
        verb.Add(images);
        Option[] options = [network, size, steps, clip, points, label, to, .. inference.Options, .. device.Options,
            name];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, null,
            () => device.Open(parsed, gpus, terminal), () =>
            {
                var given = parsed.GetRequiredValue(images);
                if (parsed.GetValue(points) > 0 && given.Length != 2)
                    throw new UsageException($"--points lie between two images, found {given.Length}");
                return new EditRecipe
                {
                    Images = given,
                    Network = RunOptions.Need(parsed, network),
                    ImageSize = parsed.GetValue(size),
                    Steps = parsed.GetValue(steps),
                    Clip = parsed.GetValue(clip),
                    Points = parsed.GetValue(points),
                    Label = parsed.GetValue(label),
                    ToLabel = parsed.GetValue(to),
                    Inference = inference.Recipe(parsed),
                };
            }, EditRecipe.Json, (run, recipe, on) => Run(terminal, run, recipe, on, cancellation))));
        return verb;
    }

    private static int Run(
        Terminal terminal, RunFolder run, EditRecipe recipe, Device device, CancellationToken cancellation)
    {
        using var network = NetworkFile.Load(recipe.Network, inference: recipe.Inference, device: device);
        foreach (var line in network.Assumed) terminal.Error.WriteLine($"assumed: {line}");
        using var progress = RunProgress.On(terminal);
        foreach (var trip in new EditTask(run, recipe, network).Run(progress, cancellation))
            terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{trip.Image}: back within {trip.Error:0.00} of 255 levels (PSNR {trip.Psnr:0.0} dB); its noise has "
                + $"mean {trip.NoiseMean:0.000} and standard deviation {trip.NoiseDeviation:0.000}"));
        terminal.Output.WriteLine($"picture: {run.At(recipe.Points > 0 ? "between.png" : "edit.png")}");
        return ExitCode.Success;
    }
}
