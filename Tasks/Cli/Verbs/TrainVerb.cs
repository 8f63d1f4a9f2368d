using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract train</c>.</summary>
internal static class TrainVerb
{
    private static readonly TrainRecipe defaults = new();

    private const string Details = """
        Reads a feature file, or extracts features from images as it goes, with fresh noise and augmentation in every
        epoch. Feedback (--head diffeed) and fine-tuning need images. Writes best.safetensors (the epoch that is best on
        the held-out images), last.safetensors, metrics.jsonl and the same numbers for TensorBoard into the run folder.
        Ctrl+C stops after the step under way; --resume goes on with the same bits, or on another device with what
        another device rounds differently.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var features = RunOptions.File("--features", "A feature file; or images with --data and --network");
        var data = RunOptions.Data("Images with a folder for each class");
        var network = RunOptions.File("--network", "Checkpoint of the diffusion U-Net that reads the images");
        var size = RunOptions.ImageSize();
        var timesteps = new Option<string>("--timesteps")
        {
            Description = "Noise levels, 0-based; 150, or all of the feature file",
            HelpName = "A,B,...",
        };
        var blocks = new Option<string>("--blocks")
        {
            Description = "Blocks; 24, or all of the feature file",
            HelpName = "A,B,...",
        };
        var label = RunOptions.Label();
        var words = new HeadWords();
        var recipe = CommonOptions.Choice("--recipe",
            "paper: Adam, centre crop and flip, searched rate (default); release: SGD with its own rates, random crop, "
            + "no images held out, the last epoch kept",
            "paper", "release");
        var lr = new Option<double?>("--lr")
        {
            Description = "Learning rate instead of the recipe's or the search's",
            HelpName = "X",
        }.Positive();
        var epochs = RunOptions.Number("--epochs", "Passes over the training split", defaults.Epochs);
        var batch = RunOptions.NumberOrNone("--batch",
            $"Images a step; {defaults.Batch}, with the release recipe 128, or 16 with feedback");
        var microbatch = RunOptions.NumberOrNone("--microbatch",
            "Images at once where a step's do not fit into memory; gradients add up. With the release recipe 4 with "
            + "feedback, and 32 with --norm batch, when left out");
        var labels = new Option<string?>("--labels")
        {
            Description = "Labels that may be used: a share of the images (0.01, 10%), their number, or a file that "
                + "lists them",
            HelpName = "SHARE|N|FILE",
        };
        var validation = RunOptions.Real("--validation", "Share of each class held out to choose rate and epoch; 0 for "
            + "none, with --lr, and with the release recipe when left out", defaults.Validation).Share();
        var seed = RunOptions.Seed();
        var inference = new InferenceWords();
        var device = new DeviceWords();
        var stop = RunOptions.StopOnBroken();
        var name = RunOptions.Name("train");
        var resume = RunOptions.Resume();
        var verb = new Verb("train", "Trains a head on features, with feedback or fine-tuning where asked for")
        {
            Details = Details,
            Examples =
            [
                "diffract train --features f.safetensors --head linear --name probe",
                "diffract train --data photos --network unet.safetensors --timesteps 150 --blocks 24 --head attention",
                "diffract train --data photos --network unet.safetensors --head diffeed --feedback windowed",
            ],
        };
        Option[] options = [features, data, network, size, timesteps, blocks, label, .. words.Options,
            recipe, lr, epochs, batch, microbatch, labels, validation, seed, .. device.Options, .. inference.Options,
            stop, name, resume];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, resume,
            () => device.Open(parsed, gpus, terminal), () =>
        {
            RunOptions.Alone(parsed, features, data, network, size, label, stop);
            RunOptions.Alone(parsed, features, inference.Options);
            RunOptions.Alone(parsed, features, words.NetworkOptions);
            if (parsed.GetValue(features) is null && parsed.GetValue(data) is null)
                throw new UsageException("train needs a feature file (--features), or images and the network that "
                    + "reads them (--data and --network)");
            if (parsed.GetValue(features) is { } given && FeatureInput.HasImages(given))
                throw new DiffractException($"{given} has images, no features: name it with --data, and the network "
                    + "that reads it with --network");
            var method = words.Method(parsed);
            var isRelease = parsed.GetValue(recipe) == "release";
            var (top, fed) = (words.Recipe(parsed), words.Feedback(parsed));
            var optimiser = isRelease ? OptimiserRecipe.Release(top.Kind, fed is not null) : OptimiserRecipe.Paper;
            var images = parsed.GetValue(batch)
                ?? (isRelease ? OptimiserRecipe.ReleaseBatch(fed is not null) : defaults.Batch);
            var made = new TrainRecipe
            {
                Features = parsed.GetValue(features),
                Data = parsed.GetValue(features) is null ? RunOptions.Need(parsed, data) : null,
                Network = parsed.GetValue(features) is null ? RunOptions.Need(parsed, network) : null,
                ImageSize = parsed.GetValue(size),
                Timesteps = RunOptions.Choices(parsed, timesteps, least: 0) ?? HeadWords.Timesteps(method),
                Blocks = RunOptions.Choices(parsed, blocks, least: 1) ?? HeadWords.Blocks(method),
                ClassLabel = parsed.GetValue(label),
                Head = top,
                Feedback = fed,
                FineTune = words.FineTune(parsed),
                NetworkRate = words.NetworkRate(parsed),
                Optimiser = parsed.GetValue(lr) is { } rate ? optimiser with { LearningRate = rate } : optimiser,
                Epochs = parsed.GetValue(epochs),
                Batch = images,
                Microbatch = parsed.GetValue(microbatch) ?? (isRelease && (fed is not null || top.Norm == "batch")
                    ? OptimiserRecipe.ReleaseMicrobatch(fed is not null, images)
                    : null),
                Labels = parsed.GetValue(labels),
                // The released scripts learn from all images, and keep the last epoch.
                Validation = isRelease && parsed.GetResult(validation) is not { Implicit: false }
                    ? 0
                    : parsed.GetValue(validation),
                Seed = parsed.GetValue(seed),
                Inference = inference.Recipe(parsed),
                StopOnBrokenImage = parsed.GetValue(stop),
            };
            // Before images are read for it.
            _ = made.StepParts;
            if (made.Network is { } unet) DefaultBlocks.Check(parsed, blocks, unet, made.Blocks);
            if (made is { Feedback: not null, Features: not null })
                throw new UsageException("diffeed runs the network twice: it needs images (--data and --network), "
                    + "not a feature file");
            return made;
        }, TrainRecipe.Json, (run, made, on) => Run(terminal, run, made, on, cancellation),
            (made, on) => made.On(on))));
        return verb;
    }

    private static int Run(
        Terminal terminal, RunFolder run, TrainRecipe recipe, Device device, CancellationToken cancellation)
    {
        using var opened = OpenedFeatures.Of(recipe, device);
        foreach (var line in opened.Assumed) terminal.Error.WriteLine($"assumed: {line}");
        terminal.Error.WriteLine($"{opened.Source.Count} images of {opened.Source.Classes.Count} classes, "
            + $"{opened.Source.Spec}, run folder {run.Path}");
        using var progress = RunProgress.On(terminal);
        var task = new TrainTask(run, recipe, opened.Source, device);
        var result = task.Run(progress, cancellation);
        if (opened.Skipped.Length > 0) terminal.Error.WriteLine(opened.Skipped);
        TrainReport.Write(run, recipe, opened.Source, result);
        if (result.Cost(opened.Source) is { } cost) terminal.Error.WriteLine($"a step costs {cost}");
        foreach (var tried in result.Tried)
            terminal.Output.WriteLine(
                $"learning rate {tried.LearningRate:g}: {tried.Accuracy:p1} on the held-out images");
        terminal.Output.WriteLine($"learning rate {result.LearningRate:g}, " + (result.Best.IsValidated
            ? $"best epoch {result.Best.Epoch} of {result.Epochs.Count}: {result.Best.ValidationAccuracy:p1} on the "
                + "held-out images"
            : $"epoch {result.Best.Epoch}, the last: no images were held out"));
        terminal.Output.WriteLine($"the head is {task.BestPath}, the report {run.ReportPath}");
        return ExitCode.Success;
    }
}
