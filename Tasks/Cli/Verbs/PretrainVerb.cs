using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract pretrain</c>.</summary>
internal static class PretrainVerb
{
    private static readonly PretrainRecipe defaults = new() { Data = "" };

    private const string Details = """
        Writes ema.safetensors (the averaged network, the one to use), model.safetensors, sheets of samples, report.html
        with the loss as a picture, and metrics.jsonl into the run folder, and the numbers for TensorBoard. Ctrl+C stops
        after the step under way and writes a checkpoint; --resume goes on from it with the same bits as if it had never
        stopped, or on another device with what another device rounds differently.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var training = new UNetTrainingWords(defaults, "Images to learn from; class folders are not needed",
            "Noise schedule; linear when left out");
        var from = new Option<int>("--from") { Description = "First item used", HelpName = "N" }.AtLeast(0);
        var to = RunOptions.NumberOrNone("--to", "One past the last item used; all when left out");
        var conditional = new Option<bool>("--class-conditional") { Description = "Gives the network the labels" };
        var loss = CommonOptions.Choice("--loss", "hybrid also learns variances (default), simple only predicts, kl "
            + "minimises the variational bound", "hybrid", "simple", "kl");
        var predict = CommonOptions.Choice("--predict", "What the network predicts: epsilon, the noise (default), "
            + "start, the clean image, or previous, the mean of the step before", "epsilon", "start", "previous");
        var small = new Option<bool>("--small-variance")
        {
            Description = "The smaller fixed variance, with --loss simple",
        };
        var rescale = new Option<bool>("--rescale-timesteps")
        {
            Description = "Tells the network steps of a process of 1000, whatever --timesteps",
        };
        var sampler = CommonOptions.Choice("--sampler", "How timesteps are drawn; uniform when left out", "uniform",
            "loss-second-moment");
        var sum = new Option<bool>("--sum-microbatches")
        {
            Description = "Adds gradients of microbatches up, as the original code does, instead of averaging them",
        };
        var warmup = RunOptions.Number("--warmup", "Steps of the rise to --lr", 0, least: 0);
        var clip = new Option<double?>("--clip-norm")
        {
            Description = "Largest length of a step's gradient",
            HelpName = "X",
        }.Positive();
        var ema = RunOptions.List("--ema", "Decay of the average of the weights, or of several; the first is "
            + "ema.safetensors", $"{defaults.EmaRate:g}");
        var recompute = new Option<bool>("--recompute")
        {
            Description = "Runs blocks twice instead of keeping activations",
        };
        var budget = new Option<string?>("--memory-budget")
        {
            Description = "What training may take, such as 6GiB: smaller microbatches, then --recompute, make it fit",
            HelpName = "SIZE",
        };
        var precision = new PrecisionWords("Numbers that the network calculates with: auto (default) is bfloat16 on a "
            + "GPU, float32 elsewhere; tf32x3 and tf32 are for GPUs; float16 scales its loss. Weights, gradients and "
            + "the optimiser are float32 with each");
        var device = new DeviceWords();
        var sample = RunOptions.Number("--sample-every", "Steps between sheets of samples; 0 for none",
            defaults.SampleEvery, least: 0);
        var name = RunOptions.Name("pretrain");
        var resume = RunOptions.Resume();
        var verb = new Verb("pretrain", "Trains a diffusion U-Net on images")
        {
            Details = Details,
            Examples =
            [
                "diffract pretrain --data photos --image-size 64 --steps 20000 --name photos64",
                "diffract pretrain --resume runs/photos64",
            ],
        };
        Option[] options = [training.Data, from, to, .. training.Network, conditional, .. training.Process, loss,
            predict, small, rescale, sampler, .. training.Training, sum, warmup, clip, ema, recompute, budget,
            precision.Option, .. device.Options, .. training.Running, sample, name, resume];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, resume,
            () => device.Open(parsed, gpus, terminal), () => Checked(training.Recipe(parsed, defaults with
            {
                From = parsed.GetValue(from),
                To = parsed.GetValue(to),
                ClassConditional = parsed.GetValue(conditional),
                Loss = parsed.GetValue(loss) ?? defaults.Loss,
                Predict = parsed.GetValue(predict) ?? defaults.Predict,
                SmallVariance = parsed.GetValue(small),
                RescaleTimesteps = parsed.GetValue(rescale),
                Sampler = parsed.GetValue(sampler) ?? defaults.Sampler,
                SumMicrobatches = parsed.GetValue(sum),
                Warmup = parsed.GetValue(warmup),
                ClipNorm = parsed.GetValue(clip),
                EmaRate = Rates(parsed, ema)[0],
                OtherEmaRates = Rates(parsed, ema)[1..],
                Recompute = parsed.GetValue(recompute),
                MemoryBudget = Budget(parsed, budget),
                Precision = precision.Of(parsed),
                SampleEvery = parsed.GetValue(sample),
            })),
            PretrainRecipe.Json, (run, recipe, on) => Run(terminal, run, recipe, on, cancellation),
            (recipe, on) => recipe with { Precision = recipe.Precision?.ForTraining(on) })));
        return verb;
    }

    private static double[] Rates(ParseResult parsed, Option<string> option)
    {
        double[] rates = [.. RunOptions.Reals(parsed, option)];
        return rates.Length > 0 && rates.All(r => r is >= 0 and < 1) && rates.Distinct().Count() == rates.Length
            ? rates
            : throw new UsageException($"{option.Name} takes different numbers from 0 that are less than 1, found "
                + $"'{parsed.GetValue(option)}'");
    }

    private static long? Budget(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is not { } text
        ? null
        : Units.ParseBytes(text) ?? throw new UsageException($"{option.Name} takes a size such as 6GiB or 800MB, "
            + $"found '{text}'");

    private static PretrainRecipe Checked(PretrainRecipe recipe)
    {
        if (recipe is { SmallVariance: true, Loss: not "simple" })
            throw new UsageException($"--small-variance is for --loss simple: {recipe.Loss} learns variances");
        if (recipe is { SumMicrobatches: true, Microbatch: null })
            throw new UsageException("--sum-microbatches says what becomes of microbatches: give their size with "
                + "--microbatch");
        if (recipe is { SumMicrobatches: true, MemoryBudget: not null })
            throw new UsageException("--memory-budget chooses microbatches, and with --sum-microbatches the step "
                + "depends on their number: leave one out");
        return recipe;
    }

    private static int Run(
        Terminal terminal, RunFolder run, PretrainRecipe recipe, Device device, CancellationToken cancellation)
    {
        var data = DataSource.Range(DataSource.Any(recipe.Data, DatasetPart.Train), recipe.From, recipe.To);
        var precision = PrecisionWords.Word(recipe.Precision ?? NetworkPrecision.Float32);
        terminal.Error.WriteLine($"{data.Count} images, {precision}, run folder {run.Path}");
        using var progress = RunProgress.On(terminal);
        var result = new PretrainTask(run, recipe, data, device).Run(progress, cancellation);
        if (result.Skipped.Length > 0) terminal.Error.WriteLine(result.Skipped);
        var loss = double.IsNaN(result.Loss) ? "" : $", loss {result.Loss:0.0000}";
        terminal.Output.WriteLine($"{result.Steps} steps{loss}; the network is {result.EmaPath}");
        return ExitCode.Success;
    }
}
