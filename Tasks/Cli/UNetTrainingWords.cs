using System.CommandLine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>Options that every training of a U-Net has: its architecture, its process, its steps.</summary>
/// <param name="defaults">What holds where an option is left out.</param>
/// <param name="data">What the images are.</param>
/// <param name="schedule">What the noise schedule is.</param>
internal sealed class UNetTrainingWords(UNetTrainingRecipe defaults, string data, string schedule)
{
    private readonly Option<int> size = RunOptions.Number("--image-size", "Side of the square images, pixels",
        defaults.ImageSize);

    private readonly Option<int> channels = RunOptions.Number("--channels",
        "Channels of the first level, a multiple of 32", defaults.Channels);

    private readonly Option<string> mult = RunOptions.List("--channel-mult",
        "Channels of each level as multiples of --channels", "1,2,3,4");

    private readonly Option<int> blocks = RunOptions.Number("--res-blocks", "Residual blocks a level",
        defaults.ResBlocks);

    private readonly Option<string> attention = RunOptions.List("--attention",
        "Sides of the maps with attention, pixels", "16,8");

    private readonly Option<int> head = RunOptions.Number("--head-channels", "Channels of an attention head",
        defaults.HeadChannels);

    private readonly Option<int?> groups = RunOptions.NumberOrNone("--norm-groups",
        "Groups of channels of each normalisation; --channels / 8, at most 32, when left out. guided-diffusion's code "
        + "reads networks with 32");

    private readonly Option<float> dropout = new Option<float>("--dropout")
    {
        Description = "Dropout in residual blocks",
        HelpName = "P",
    }.Share();

    private readonly Option<string?> noise = CommonOptions.Choice("--schedule", schedule, "linear", "cosine");

    private readonly Option<int> timesteps = RunOptions.Number("--timesteps", "Steps of the diffusion",
        defaults.Timesteps, least: 4);

    private readonly Option<int> steps = RunOptions.Number("--steps", "Optimiser steps", defaults.Steps);

    private readonly Option<int> batch = RunOptions.Number("--batch", "Images a step", defaults.Batch);

    private readonly Option<double> lr = RunOptions.Real("--lr", "AdamW's learning rate", defaults.LearningRate)
        .Positive();

    private readonly Option<bool> anneal = new("--anneal")
    {
        Description = "Lets the learning rate fall to 0 at the end",
    };

    private readonly Option<double> decay = RunOptions.Real("--weight-decay", "AdamW's weight decay",
        defaults.WeightDecay).NotNegative();

    private readonly Option<bool> noFlip = new("--no-flip") { Description = "Never mirrors an image" };

    private readonly Option<bool> crop = new("--random-crop") { Description = "Random instead of centred crops" };

    private readonly Option<ulong> seed = RunOptions.Seed();

    private readonly Option<int> save = RunOptions.Number("--save-every", "Steps between checkpoints",
        defaults.SaveEvery);

    private readonly Option<bool> stop = RunOptions.StopOnBroken();

    /// <summary>The images.</summary>
    public Option<string?> Data { get; } = RunOptions.Data(data);

    /// <summary>How many images are in the network at once.</summary>
    public Option<int?> Microbatch { get; } = RunOptions.NumberOrNone("--microbatch",
        "Images at once; less memory, same step");

    /// <summary>What the network is.</summary>
    public Option[] Network => [size, channels, mult, blocks, attention, head, groups, dropout];

    /// <summary>The process that makes noise.</summary>
    public Option[] Process => [noise, timesteps];

    /// <summary>How it is trained.</summary>
    public Option[] Training => [steps, batch, Microbatch, lr, anneal, decay, noFlip, crop];

    /// <summary>What decides randomness, when it is saved, and when it stops.</summary>
    public Option[] Running => [seed, save, stop];

    /// <summary>A recipe with all that a command line says of these.</summary>
    /// <typeparam name="T">The training.</typeparam>
    /// <param name="parsed">The command line.</param>
    /// <param name="recipe">What else it is told.</param>
    /// <exception cref="UsageException">No data are given, or no map has a side where attention is asked for.
    /// </exception>
    public T Recipe<T>(ParseResult parsed, T recipe)
        where T : UNetTrainingRecipe
    {
        var told = recipe with
        {
            Data = RunOptions.Need(parsed, Data),
            ImageSize = parsed.GetValue(size),
            Channels = parsed.GetValue(channels),
            ChannelMult = RunOptions.Reals(parsed, mult),
            ResBlocks = parsed.GetValue(blocks),
            AttentionSizes = RunOptions.Integers(parsed, attention),
            HeadChannels = parsed.GetValue(head),
            NormGroups = parsed.GetValue(groups) ?? UNetTrainingRecipe.NormGroupsOf(parsed.GetValue(channels)),
            Dropout = parsed.GetValue(dropout),
            Schedule = parsed.GetValue(noise) ?? recipe.Schedule,
            Timesteps = parsed.GetValue(timesteps),
            Steps = parsed.GetValue(steps),
            Batch = parsed.GetValue(batch),
            Microbatch = parsed.GetValue(Microbatch),
            LearningRate = parsed.GetValue(lr),
            Anneal = parsed.GetValue(anneal),
            WeightDecay = parsed.GetValue(decay),
            Flip = !parsed.GetValue(noFlip),
            RandomCrop = parsed.GetValue(crop),
            Seed = parsed.GetValue(seed),
            SaveEvery = parsed.GetValue(save),
            StopOnBrokenImage = parsed.GetValue(stop),
        };
        // The sides used when the option is left out need not all be there; one that is asked for does.
        if (parsed.GetResult(attention) is { Implicit: false })
            foreach (var side in told.AttentionSizes)
                if (!told.MapSizes.Contains(side))
                    throw new UsageException($"{attention.Name}: no map has a side of {side}; the levels' maps have "
                        + $"sides {string.Join(", ", told.MapSizes)}");
        return told;
    }
}
