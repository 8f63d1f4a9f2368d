using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What every training of a U-Net on images is told, whether it denoises or classifies.</summary>
public abstract record UNetTrainingRecipe
{
    /// <summary>The images: what <see cref="Datasets.Open"/> knows.</summary>
    public required string Data { get; init; }

    /// <summary>Side of the square training images, pixels.</summary>
    public int ImageSize { get; init; } = 64;

    /// <summary>Channels of the first level; a multiple of 32.</summary>
    public int Channels { get; init; } = 64;

    /// <summary>Channels of each level, as multiples of <see cref="Channels"/>.</summary>
    public IReadOnlyList<double> ChannelMult { get; init; } = [1, 2, 3, 4];

    /// <summary>Residual blocks a level.</summary>
    public int ResBlocks { get; init; } = 1;

    /// <summary>Sides of the maps with attention, pixels.</summary>
    public IReadOnlyList<int> AttentionSizes { get; init; } = [16, 8];

    /// <summary>Channels of one attention head.</summary>
    public int HeadChannels { get; init; } = 32;

    /// <summary>Groups of channels of each normalisation, see <see cref="Model.TrunkConfig.NormGroups"/>. Runs that
    /// began before there was a choice do not say it.</summary>
    public int NormGroups { get; init => field = value == 0 ? 32 : value; } = 32;

    /// <summary>Dropout in the residual blocks.</summary>
    public float Dropout { get; init; }

    /// <summary>Noise schedule: <c>linear</c> or <c>cosine</c>.</summary>
    public string Schedule { get; init; } = "linear";

    /// <summary>Diffusion timesteps.</summary>
    public int Timesteps { get; init; } = 1000;

    /// <summary>Optimiser steps.</summary>
    public int Steps { get; init; } = 10_000;

    /// <summary>Images a step.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Images that pass through the network at once; their gradients add up to a step's.</summary>
    public int? Microbatch { get; init; }

    /// <summary>AdamW's learning rate.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Lets the learning rate fall linearly to 0 at the last step.</summary>
    public bool Anneal { get; init; }

    /// <summary>AdamW's decoupled weight decay.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Mirrors every other image.</summary>
    public bool Flip { get; init; } = true;

    /// <summary>Random crops instead of centred ones.</summary>
    public bool RandomCrop { get; init; }

    /// <summary>Seed of everything random: weights, order of the images, noise, timesteps.</summary>
    public ulong Seed { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public int SaveEvery { get; init; } = 1000;

    /// <summary>True to stop at the first image that cannot be read; false to skip, count and name it.</summary>
    public bool StopOnBrokenImage { get; init; }

    /// <summary>Sides of the network's maps, level by level.</summary>
    internal IEnumerable<int> MapSizes => Enumerable.Range(0, ChannelMult.Count).Select(level => ImageSize >> level);

    /// <summary>Where there is attention, as configurations of networks say it: how many times smaller than the image
    /// a map is. Sides that no map has are left out.</summary>
    private protected IReadOnlyList<int> AttentionResolutions =>
        [.. AttentionSizes.Where(s => s > 0 && ImageSize % s == 0).Select(s => ImageSize / s)];

    /// <summary>Groups for a number of channels at the first level that leave eight channels to a group, as the
    /// published networks of 256 channels have; at most 32.</summary>
    public static int NormGroupsOf(int channels) => Math.Clamp(channels / 8, 1, 32);

    /// <summary>Checks that sizes fit each other.</summary>
    /// <exception cref="DiffractException">They do not.</exception>
    private protected void CheckSizes()
    {
        if (ImageSize % (1 << (ChannelMult.Count - 1)) != 0)
            throw new DiffractException($"{ChannelMult.Count} levels need an image size that is a multiple of "
                + $"{1 << (ChannelMult.Count - 1)}, found {ImageSize}");
        if (ChannelMult.FirstOrDefault(m => (int)(m * Channels) % 32 != 0) is > 0 and var odd)
            throw new DiffractException($"the channels of every level must be a multiple of 32; {odd:g} x {Channels} "
                + $"is {odd * Channels:g}");
        if (ChannelMult.FirstOrDefault(m => (int)(m * Channels) % NormGroups != 0) is > 0 and var unequal)
            throw new DiffractException($"the channels of every level must be a multiple of the {NormGroups} groups of "
                + $"a normalisation; {unequal:g} x {Channels} is not");
        if (ChannelMult.FirstOrDefault(m => (int)(m * Channels) % HeadChannels != 0) is > 0 and var uneven)
            throw new DiffractException($"the channels of every level must be a multiple of the {HeadChannels} "
                + $"channels of an attention head; {uneven:g} x {Channels} is not");
    }
}
