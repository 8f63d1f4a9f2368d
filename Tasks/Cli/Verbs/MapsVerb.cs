using System.CommandLine;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract maps</c>.</summary>
internal static class MapsVerb
{
    private const string Details = """
        Draws feature maps of a few images, timestep by timestep and block by block: the three principal components of
        a block's features become red, green and blue. With an attention head (--head) it draws its timesteps and
        blocks, after feedback if it was trained with some, and where the head's class token looks, over the images; the
        network that was fine-tuned with it lies beside it and need not be named. Writes maps.png, attention.png,
        result.json and report.html into the run folder.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var features = RunOptions.File("--features", "A folder of images");
        var part = RunOptions.Part("train");
        var words = new FeatureWords(images: "10,100,400", files: false);
        var images = RunOptions.Number("--images", "Number of images, evenly spread over the data", 4);
        var head = RunOptions.File("--head", "An attention head that train wrote, or its run folder");
        var device = new DeviceWords();
        var name = RunOptions.Name("maps");
        var verb = new Verb("maps", "Draws what features look like, and what an attention head looks at")
        {
            Details = Details,
            Examples =
            [
                "diffract maps --features photos --network unet.safetensors --timesteps 10,90,300 --blocks 14,19,24",
                "diffract maps --features photos --network unet.safetensors --head runs/probe",
            ],
        };
        Option[] options = [features, part, .. words.Options, images, head, .. device.Options, name];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, null,
            () => device.Open(parsed, gpus, terminal), () =>
            {
                var path = RunOptions.Need(parsed, features);
                if (!FeatureInput.HasImages(path))
                    throw new DiffractException($"{path}: no such images; maps are drawn beside the images they are "
                        + "of");
                var input = words.Input(parsed, path, RunOptions.ParsePart(parsed.GetValue(part), DatasetPart.Train));
                var reader = parsed.GetValue(head) is { } given ? HeadFile.Find(given) : null;
                if (reader is not null && (input.Timesteps ?? input.Blocks) is not null)
                    throw new DiffractException($"{reader} says its timesteps and blocks: leave --timesteps and "
                        + "--blocks out");
                return new MapsRecipe
                {
                    Features = input with
                    {
                        Network = input.Network ?? (reader is null ? null : HeadFile.OwnNetwork(reader)),
                    },
                    Images = parsed.GetValue(images),
                    Head = reader,
                };
            }, MapsRecipe.Json, (run, recipe, on) => Run(terminal, run, recipe, on, cancellation))));
        return verb;
    }

    private static int Run(
        Terminal terminal, RunFolder run, MapsRecipe recipe, Device device, CancellationToken cancellation)
    {
        var (head, header) = recipe.Head is { } path ? HeadFile.Load(path, device) : default;
        using var owned = head;
        recipe = recipe with
        {
            Features = recipe.Features with
            {
                ClassLabel = recipe.Features.ClassLabel ?? header?.ClassLabel,
                ImageSize = recipe.Features.ImageSize ?? (header is { ImageSize: > 0 and var side } ? side : null),
            },
        };
        var input = recipe.Features;
        var data = input.Images(labelled: false);
        if (head is not (null or AttentionHead))
            throw new DiffractException($"{recipe.Head} is a {header!.Head.Kind} head: it attends to nothing");
        using var network = NetworkFile.Load(input.Network!, inference: input.Inference, device: device);
        foreach (var line in network.Assumed) terminal.Error.WriteLine($"assumed: {line}");
        var spec = header?.Spec ?? new FeatureSpec([.. (input.Timesteps ?? [10, 100, 400]).Order()],
            [.. (input.Blocks ?? input.AllBlocks()).Order()]);
        if (header is not null
            && HeadFile.Doubt(recipe.Head!, header, network.Features(data, spec, label: input.ClassLabel)) is { } doubt)
            terminal.Error.WriteLine($"note: {doubt}");
        using var feed = header?.Feedback?.Around(network.Backbone(input.ClassLabel));
        if (feed is not null)
        {
            feed.To(device);
            HeadFile.LoadFeedback(recipe.Head!, feed);
        }
        var task = new MapsTask(recipe, data, network, feed);
        using var progress = RunProgress.On(terminal);
        var (sheet, result) = task.Features(spec, progress, cancellation);
        var attention = head is AttentionHead reader
            ? task.Attention(reader, spec, header!.FeaturePool, cancellation)
            : null;
        if (task.Skipped.Length > 0) terminal.Error.WriteLine(task.Skipped);
        MapsReport.Write(run, recipe, result, sheet, attention);
        terminal.Output.WriteLine($"{result.Images.Count} images, {spec}: {run.At("maps.png")}"
            + (attention is null ? "" : $", {run.At("attention.png")}"));
        terminal.Output.WriteLine($"report: {run.ReportPath}");
        return ExitCode.Success;
    }
}
