using System.CommandLine;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract study</c>.</summary>
internal static class StudyVerb
{
    private const string Details = """
        The paper's comparison on your images: linear probes of every block and timestep choose what heads read; then
        nearest neighbours, similarity of layers, and every method with all labels and with few, for several seeds, each
        scored once on the test images. --recipe small (default) takes hours of two processor cores for small networks
        and images: 5,000 images, 5 epochs, 2,000 test images, narrow heads; paper is all images, 28 epochs, heads of
        width 1024, for GPUs. Seeds choose the images that are learnt from.
        Writes report.html, figures (*.svg), table.md and result.json into the run folder after each training, and a run
        folder for each training, which diffract runs lists and diffract evaluate reads. Ctrl+C stops after the step
        under way; --resume goes on with the same bits, also when only recipe.json and result.json are left.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var train = RunOptions.File("--train", "Images to learn from, with a folder for each class");
        var test = RunOptions.File("--test", "Images to score; the test part of --train when left out");
        var network = RunOptions.File("--network", "Checkpoint of the diffusion U-Net that reads the images");
        var recipe = CommonOptions.Choice("--recipe", "The size of everything: small (default) or paper", "small",
            "paper");
        var size = RunOptions.ImageSize();
        var label = RunOptions.Label();
        var methods = Choice("--methods", "Methods; all when left out: "
            + string.Join(", ", StudyMethod.All.Select(m => m.Name)), "A,B,...");
        var shares = Choice("--labels", "Shares of the images for learning from few labels, beside all; 0.1,0.01 when "
            + "left out, none for none; every class has one at least", "A,B,...");
        var seeds = Choice("--seeds", "Seeds; 0,1,2 when left out", "A,B,...");
        var images = RunOptions.NumberOrNone("--images", "Images to learn from, instead of the recipe's number");
        var testImages = RunOptions.NumberOrNone("--test-images", "Images to score, instead of the recipe's number");
        var epochs = RunOptions.NumberOrNone("--epochs", "Passes over the images, instead of the recipe's");
        var pool = RunOptions.NumberOrNone("--attention-pool", "Side that larger maps are averaged to for attention, a "
            + "token for each place: the recipe's 8 (small) or 16 when left out");
        var timesteps = Choice("--timesteps", "Noise levels to choose from, instead of the recipe's", "A,B,...");
        var blocks = Choice("--blocks", "Blocks to choose from; all when left out", "A,B,...");
        var inference = new InferenceWords();
        var device = new DeviceWords();
        var name = RunOptions.Name("study");
        var resume = RunOptions.Resume();
        var verb = new Verb("study", "Compares the paper's methods on your images")
        {
            Details = Details,
            Examples =
            [
                "diffract study --train photos/train --test photos/val --network unet.safetensors --name photos",
                "diffract study --train cifar10 --network unet.safetensors --methods linear,diffeed-all --seeds 0",
                "diffract study --resume runs/photos",
            ],
        };
        Option[] options = [train, test, network, recipe, size, label, methods, shares, seeds, images, testImages,
            epochs, pool, timesteps, blocks, .. inference.Options, .. device.Options, name, resume];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, resume,
            () => device.Open(parsed, gpus, terminal), () =>
            {
                var from = RunOptions.Need(parsed, train);
                var to = parsed.GetValue(test) ?? Tested(from);
                var unet = RunOptions.Need(parsed, network);
                var made = parsed.GetValue(recipe) == "paper" ? StudyRecipe.Paper(from, to, unet)
                    : StudyRecipe.Small(from, to, unet);
                return Checked(made with
                {
                    ImageSize = parsed.GetValue(size),
                    ClassLabel = parsed.GetValue(label),
                    Methods = Words(parsed, methods) ?? made.Methods,
                    LabelShares = Shares(parsed, shares) ?? made.LabelShares,
                    Seeds = RunOptions.Choices(parsed, seeds, least: 0)?.Select(s => (ulong)s).ToArray() ?? made.Seeds,
                    Images = parsed.GetValue(images) ?? Fewer(made.Images, from, DatasetPart.Train),
                    TestImages = parsed.GetValue(testImages)
                        ?? Fewer(made.TestImages, to, made.TestPart),
                    Epochs = parsed.GetValue(epochs) ?? made.Epochs,
                    AttentionPool = parsed.GetValue(pool) ?? made.AttentionPool,
                    Timesteps = RunOptions.Choices(parsed, timesteps, least: 0) ?? made.Timesteps,
                    Blocks = RunOptions.Choices(parsed, blocks, least: 1) ?? made.Blocks,
                    Inference = inference.Recipe(parsed),
                });
            }, StudyRecipe.Json, (run, made, on) => Run(terminal, run, made, on, cancellation))));
        return verb;
    }

    // Everything that can be known before hours have passed.
    private static StudyRecipe Checked(StudyRecipe recipe)
    {
        using var network = NetworkFile.Load(recipe.Network);
        network.CheckTimesteps(new FeatureSpec(recipe.Timesteps, [1]));
        _ = network.Backbone(recipe.ClassLabel);
        if (recipe.Blocks?.Max() > network.Network.Plan.Last)
            throw new DiffractException($"{recipe.Network} has blocks 1 to {network.Network.Plan.Last}, found "
                + string.Join(", ", recipe.Blocks));
        var (train, test) = recipe.Open();
        _ = recipe.Cells(train.Count, train.ClassNames.Count);
        return recipe with { NetworkSha256 = network.Sha256, ImagesSha256 = StudyRecipe.Hash(train, test) };
    }

    // The recipe's number is a limit, not a demand.
    private static int? Fewer(int? limit, string data, DatasetPart part) =>
        limit < DataSource.Labelled(data, part).Count ? limit : null;

    private static string Tested(string train) => Datasets.HasTest(train) ? train
        : throw new DiffractException($"{train} has no test part: name the images to score with --test");

    private static Option<string> Choice(string name, string description, string help) =>
        new(name) { Description = description, HelpName = help };

    private static IReadOnlyList<string>? Words(ParseResult parsed, Option<string> option)
    {
        if (parsed.GetValue(option) is not { } text) return null;
        string[] words = [.. text.Split(',', StringSplitOptions.TrimEntries).Distinct()];
        try
        {
            foreach (var word in words) _ = StudyMethod.Named(word);
        }
        catch (DiffractException e)
        {
            throw new UsageException($"{option.Name}: {e.Message}");
        }
        return words;
    }

    private static IReadOnlyList<double>? Shares(ParseResult parsed, Option<string> option)
    {
        if (parsed.GetValue(option) is not { } text) return null;
        if (text == "none") return [];
        var shares = RunOptions.Reals(parsed, option);
        return shares.Count > 0 && shares.All(s => s is > 0 and < 1) && shares.Distinct().Count() == shares.Count
            ? shares
            : throw new UsageException($"{option.Name} takes different shares between 0 and 1 with commas between "
                + $"them, or none; found '{text}'");
    }

    private static int Run(
        Terminal terminal, RunFolder run, StudyRecipe recipe, Device device, CancellationToken cancellation)
    {
        using var progress = RunProgress.On(terminal);
        var task = new StudyTask(run, recipe, device);
        var result = task.Run(progress, cancellation);
        foreach (var line in StudyReport.Lines(recipe, result)) terminal.Output.WriteLine(line);
        if (StudyReport.Time(result) is { } time) terminal.Error.WriteLine($"calculated for {time} in all");
        terminal.Output.WriteLine($"report: {run.ReportPath}");
        return ExitCode.Success;
    }
}
