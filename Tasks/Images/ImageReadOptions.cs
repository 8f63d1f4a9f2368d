namespace Diffract.Tasks;

/// <summary>Limits and choices in reading images.</summary>
public sealed record ImageReadOptions
{
    /// <summary>What is used when nothing is said.</summary>
    public static ImageReadOptions Default { get; } = new();

    /// <summary>Largest number of pixels that is decoded; 64 Mi (8192x8192) unless set.</summary>
    public long MaxPixels { get; init; } = 1L << 26;

    /// <summary>Whether pictures are turned as their EXIF tag says. True unless set; the pipeline that published
    /// numbers come from does not turn them.</summary>
    public bool ApplyOrientation { get; init; } = true;

    /// <summary>What turns bytes into pixels.</summary>
    public IImageDecoder Decoder { get; init; } = new StbImageDecoder();
}
