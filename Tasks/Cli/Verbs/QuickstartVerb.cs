using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract quickstart</c>.</summary>
internal static class QuickstartVerb
{
    private const string Details = """
        Extracts features of a small pretrained U-Net at several timesteps and blocks, trains linear and attention
        heads on 20 labels a class of Fashion-MNIST, and compares them with the same heads on raw pixels and on an
        untrained U-Net. Prints the table, and writes a map of accuracy, sheets of denoised and generated pictures and
        report.html into the run folder.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var full = new Option<bool>("--full") { Description = "All 10,000 test images and three seeds" };
        var name = RunOptions.Name("quickstart");
        var device = new DeviceWords();
        var verb = new Verb("quickstart", "Shows the main job on real pictures, with nothing to download")
        {
            Details = Details,
            Examples = ["diffract quickstart", "diffract quickstart --full"],
        };
        verb.Add(full);
        verb.Add(name);
        foreach (var option in device.Options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, null,
            () => device.Open(parsed, gpus, terminal),
            () => parsed.GetValue(full) ? QuickstartRecipe.Full : new QuickstartRecipe(), QuickstartRecipe.Json,
            (run, recipe, on) => Run(terminal, run, recipe, on, cancellation))));
        return verb;
    }

    private static int Run(
        Terminal terminal, RunFolder run, QuickstartRecipe recipe, Device device, CancellationToken cancellation)
    {
        var train = IdxDataset.Open(QuickstartAssets.Data, train: true);
        var test = IdxDataset.Open(QuickstartAssets.Data, train: false);
        using var network = NetworkFile.Load(QuickstartAssets.Network, device: device);
        QuickstartResult result;
        using (var progress = RunProgress.On(terminal))
        {
            result = new QuickstartTask(recipe, train, test, network).Run(progress, cancellation);
            RecipeFile.Save(run.At("result.json"), result, QuickstartResult.Json);
            QuickstartReport.Write(run, recipe, result, network, test, progress, cancellation);
        }
        foreach (var line in QuickstartReport.Lines(result)) terminal.Output.WriteLine(line);
        terminal.Output.WriteLine($"{Units.Duration(TimeSpan.FromSeconds(result.Seconds))}; report: {run.ReportPath}");
        return ExitCode.Success;
    }
}
