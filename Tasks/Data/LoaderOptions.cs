namespace Diffract.Tasks;

/// <summary>How pictures become batches.</summary>
public sealed record LoaderOptions
{
    /// <summary>Side of the square pictures in pixels.</summary>
    public required int Size { get; init; }

    /// <summary>Pictures in a batch; the last one of an epoch may be smaller.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Whether windows are drawn at random (scale and place) or cut from the middle.</summary>
    public bool RandomCrop { get; init; }

    /// <summary>Whether half of the pictures, drawn at random, are mirrored left to right.</summary>
    public bool RandomFlip { get; init; }

    /// <summary>Whether every epoch has an order of its own.</summary>
    public bool Shuffle { get; init; }

    /// <summary>Whether a last batch that would be smaller is left out.</summary>
    public bool DropLast { get; init; }

    /// <summary>Decides order, crops and mirroring, together with the epoch.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads that read pictures; the result does not depend on it.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Batches that are made ready before they are asked for.</summary>
    public int Prefetch { get; init; } = 2;

    /// <summary>The settings of training: shuffled, random crops, random mirroring.</summary>
    public static LoaderOptions Training(int size, int batchSize, ulong seed) =>
        new() { Size = size, BatchSize = batchSize, Seed = seed, RandomCrop = true, RandomFlip = true, Shuffle = true };

    /// <summary>The settings of evaluation and of features: in order, the middle of every picture.</summary>
    public static LoaderOptions Evaluation(int size, int batchSize) => new() { Size = size, BatchSize = batchSize };
}
