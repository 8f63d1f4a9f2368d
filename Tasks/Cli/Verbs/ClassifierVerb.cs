using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary><c>diffract classifier</c>.</summary>
internal static class ClassifierVerb
{
    private static readonly ClassifierRecipe defaults = new() { Data = "" };

    private const string Details = """
        Trains the encoder half of a U-Net to name the class of images with the noise of random timesteps, as guidance
        needs it (sample --classifier), and as the paper's baseline. Writes classifier.safetensors, accuracy.svg (by
        timestep, on held-out images) and metrics.jsonl into the run folder. Ctrl+C stops after the step under way and
        writes a checkpoint; --resume goes on from it with the same bits.
        """;

    public static Command Make(Terminal terminal, Gpus gpus)
    {
        var data = RunOptions.Data("Images with a folder for each class");
        var size = RunOptions.Number("--image-size", "Side of the square images, pixels", defaults.ImageSize);
        var channels = RunOptions.Number("--channels", "Channels of the first level, a multiple of 32",
            defaults.Channels);
        var mult = RunOptions.List("--channel-mult", "Channels of each level as multiples of --channels", "1,2,3,4");
        var blocks = RunOptions.Number("--res-blocks", "Residual blocks a level", defaults.ResBlocks);
        var attention = RunOptions.List("--attention", "Sides of the maps with attention, pixels", "16,8");
        var head = RunOptions.Number("--head-channels", "Channels of an attention head", defaults.HeadChannels);
        var pool = CommonOptions.Choice("--pool", "How maps become a vector: attention (default), adaptive, spatial or "
            + "spatial-v2", "attention", "adaptive", "spatial", "spatial-v2");
        var dropout = new Option<float>("--dropout")
        {
            Description = "Dropout in residual blocks",
            HelpName = "P",
        }.Share();
        var schedule = CommonOptions.Choice("--schedule", "Noise schedule, that of the network to guide; linear when "
            + "left out", "linear", "cosine");
        var clean = new Option<bool>("--clean") { Description = "Learns from images without noise" };
        var steps = RunOptions.Number("--steps", "Optimiser steps", defaults.Steps);
        var batch = RunOptions.Number("--batch", "Images a step", defaults.Batch);
        var micro = RunOptions.NumberOrNone("--microbatch", "Images at once; less memory, same step");
        var lr = RunOptions.Real("--lr", "AdamW's learning rate", defaults.LearningRate).Positive();
        var anneal = new Option<bool>("--anneal") { Description = "Lets the learning rate fall to 0 at the end" };
        var decay = RunOptions.Real("--weight-decay", "AdamW's weight decay", defaults.WeightDecay).NotNegative();
        var noFlip = new Option<bool>("--no-flip") { Description = "Never mirrors an image" };
        var crop = new Option<bool>("--random-crop") { Description = "Random instead of centred crops" };
        var validation = RunOptions.Real("--validation", "Share of each class that is held out; 0 for none",
            defaults.Validation).Share();
        var precision = new PrecisionWords("Numbers that the network calculates with: auto (default) is bfloat16 on a "
            + "GPU, float32 elsewhere; float16 scales its loss");
        var seed = RunOptions.Seed();
        var device = new DeviceWords();
        var save = RunOptions.Number("--save-every", "Steps between checkpoints", defaults.SaveEvery);
        var stop = RunOptions.StopOnBroken();
        var name = RunOptions.Name("classifier");
        var resume = RunOptions.Resume();
        var verb = new Verb("classifier", "Trains a classifier of noised images")
        {
            Details = Details,
            Examples =
            [
                "diffract classifier --data photos --image-size 64 --steps 20000 --name photos-classifier",
                "diffract classifier --resume runs/photos-classifier",
            ],
        };
        Option[] options = [data, size, channels, mult, blocks, attention, head, pool, dropout, schedule, clean, steps,
            batch, micro, lr, anneal, decay, noFlip, crop, validation, precision.Option, seed, .. device.Options, save,
            stop, name, resume];
        foreach (var option in options) verb.Add(option);
        verb.SetAction((parsed, cancellation) => Task.FromResult(RunOptions.Start(terminal, parsed, name, resume,
            () => device.Open(parsed, gpus, terminal), () => new ClassifierRecipe
            {
                Data = RunOptions.Need(parsed, data),
                ImageSize = parsed.GetValue(size),
                Channels = parsed.GetValue(channels),
                ChannelMult = RunOptions.Reals(parsed, mult),
                ResBlocks = parsed.GetValue(blocks),
                AttentionSizes = RunOptions.Integers(parsed, attention),
                HeadChannels = parsed.GetValue(head),
                Pool = parsed.GetValue(pool) ?? defaults.Pool,
                Dropout = parsed.GetValue(dropout),
                Schedule = parsed.GetValue(schedule) ?? defaults.Schedule,
                Noised = !parsed.GetValue(clean),
                Steps = parsed.GetValue(steps),
                Batch = parsed.GetValue(batch),
                Microbatch = parsed.GetValue(micro),
                LearningRate = parsed.GetValue(lr),
                Anneal = parsed.GetValue(anneal),
                WeightDecay = parsed.GetValue(decay),
                Flip = !parsed.GetValue(noFlip),
                RandomCrop = parsed.GetValue(crop),
                Validation = parsed.GetValue(validation),
                Precision = precision.Of(parsed),
                Seed = parsed.GetValue(seed),
                SaveEvery = parsed.GetValue(save),
                StopOnBrokenImage = parsed.GetValue(stop),
            }, ClassifierRecipe.Json, (run, recipe, on) => Run(terminal, run, recipe, on, cancellation),
            (recipe, on) => recipe with { Precision = recipe.Precision.ForTraining(on) })));
        return verb;
    }

    private static int Run(
        Terminal terminal, RunFolder run, ClassifierRecipe recipe, Device device, CancellationToken cancellation)
    {
        var data = DataSource.Labelled(recipe.Data);
        terminal.Error.WriteLine($"{data.Count} images of {data.ClassNames.Count} classes, run folder {run.Path}");
        using var progress = RunProgress.On(terminal);
        var task = new ClassifierTask(run, recipe, data, device);
        var result = task.Run(progress, cancellation);
        if (result.Skipped.Length > 0) terminal.Error.WriteLine(result.Skipped);
        foreach (var line in result.Validation.Count > 0 ? ClassifierReport.Lines(result.Validation) : [])
            terminal.Output.WriteLine(line);
        terminal.Output.WriteLine($"{result.Steps} steps; the classifier is {task.NetworkPath}");
        return ExitCode.Success;
    }
}
