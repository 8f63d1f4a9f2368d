using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract sweep</c>.</summary>
internal static class SweepVerb
{
    private static readonly SweepRecipe defaults = new() { Features = new FeatureInput { Path = "" } };

    private const string Details = """
        Trains a linear probe for every timestep, block and pooling, at every learning rate, all at once: features are
        read once a step for all of them, and each probe learns what diffract train would teach it alone. Of images,
        the features are made once, with --draws noise draws, and stay in the run folder; with --draws 0 the network
        runs in every epoch, once for each image and timestep, with fresh noise and mirroring.
        Writes maps of accuracy by block and timestep, curves, sweep.csv, result.json, report.html, metrics.jsonl and
        its numbers for TensorBoard into the run folder. Ctrl+C stops after the step under way; --resume goes on with
        the same bits.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var features = RunOptions.File("--features", "A feature file, or a folder of labelled images");
        var words = new FeatureWords();
        var pools = RunOptions.List("--pool", "Sides the maps are averaged to; a smaller map stays as it is",
            string.Join(',', defaults.Pools));
        var rates = RunOptions.List("--lr", "Learning rates that every cell tries",
            string.Join(',', defaults.Rates.Select(r => $"{r:g}")));
        var recipe = CommonOptions.Choice("--recipe",
            "paper: Adam (default); release: SGD. Where --draws is 0: flips, with release random crops too", "paper",
            "release");
        var epochs = RunOptions.Number("--epochs", "Passes over the training split", defaults.Epochs);
        var batch = RunOptions.NumberOrNone("--batch",
            $"Images a step; {defaults.Batch}, with the release recipe {OptimiserRecipe.ReleaseBatch()}");
        var validation = RunOptions.Real("--validation", "Share of each class held out to choose",
            defaults.Validation).Part();
        var draws = RunOptions.Number("--draws", "Noise draws of images that are stored; 0 draws anew in every epoch",
            defaults.Draws, least: 0);
        var device = new DeviceWords();
        var name = RunOptions.Name("sweep");
        var resume = RunOptions.Resume();
        var verb = new Verb("sweep", "Finds the best timestep, block and pooling for linear probes")
        {
            Details = Details,
            Examples =
            [
                "diffract sweep --features photos --network unet.safetensors --timesteps 10,90,150 --blocks 14,19,24",
                "diffract sweep --features f.safetensors --pool 1,2,4 --lr 1e-3,1e-2",
            ],
        };
        Option[] options = [features, .. words.Options, pools, rates, recipe, epochs, batch, validation, draws,
            .. device.Options, name, resume];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, resume,
            () => device.Open(parsed, gpus, terminal), () =>
            {
                var path = RunOptions.Need(parsed, features);
                if (FeatureInput.HasFeatures(path) && parsed.GetResult(draws) is { Implicit: false })
                    throw new DiffractException($"{path} has its own noise draws: leave --draws out");
                var isRelease = parsed.GetValue(recipe) == "release";
                var input = words.Input(parsed, path, DatasetPart.Train, seeded: true);
                return new SweepRecipe
                {
                    Features = input,
                    Pools = RunOptions.Choices(parsed, pools, least: 1)!,
                    Rates = Rates(parsed, rates),
                    Optimiser = isRelease ? OptimiserRecipe.Release("linear") : OptimiserRecipe.Paper,
                    Epochs = parsed.GetValue(epochs),
                    Batch = parsed.GetValue(batch)
                        ?? (isRelease ? OptimiserRecipe.ReleaseBatch() : defaults.Batch),
                    Validation = parsed.GetValue(validation),
                    Draws = parsed.GetValue(draws),
                    Seed = input.Seed,
                };
            }, SweepRecipe.Json, (run, made, on) => Run(terminal, run, made, on, cancellation))));
        return verb;
    }

    private static IReadOnlyList<double> Rates(ParseResult parsed, Option<string> option)
    {
        var rates = RunOptions.Reals(parsed, option);
        return rates.Count > 0 && rates.All(r => r > 0 && double.IsFinite(r)) && rates.Distinct().Count() == rates.Count
            ? rates
            : throw new UsageException($"{option.Name} takes different numbers above 0, found "
                + $"'{parsed.GetValue(option)}'");
    }

    private static int Run(
        Terminal terminal, RunFolder run, SweepRecipe recipe, Device device, CancellationToken cancellation)
    {
        using var progress = RunProgress.On(terminal);
        using var opened = FeatureWords.Announced(terminal,
            SweepFeatures.Open(run, recipe, device, progress, cancellation));
        var result = new SweepTask(run, recipe, opened.Source, device).Run(progress, cancellation);
        if (opened.Skipped.Length > 0) terminal.Error.WriteLine(opened.Skipped);
        SweepReport.Write(run, recipe, opened.Source, result);
        foreach (var line in SweepReport.Lines(result)) terminal.Output.WriteLine(line);
        terminal.Output.WriteLine($"best of {result.Cells.Count}: {result.Best}; report: {run.ReportPath}");
        return ExitCode.Success;
    }
}
