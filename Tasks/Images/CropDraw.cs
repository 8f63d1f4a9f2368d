namespace Diffract.Tasks;

/// <summary>The random choices behind one training picture.</summary>
/// <param name="ShortSide">Length in pixels to which the short side is brought.</param>
/// <param name="Top">First row of the window.</param>
/// <param name="Left">First column of the window.</param>
/// <param name="Flip">Whether left and right are exchanged.</param>
public readonly record struct CropDraw(int ShortSide, int Top, int Left, bool Flip)
{
    // The window covers between 80 and 100 % of the short side, as in the published data loader.
    private const double SmallestShare = 0.8;

    /// <summary>Draws a scale from <paramref name="size"/> to <paramref name="size"/> / 0.8 (rounded up), a place, and
    /// a mirroring with probability 1/2; all uniformly.</summary>
    /// <param name="random">Where the draws come from; four are taken, whatever the choices.</param>
    /// <param name="width">Width of the picture.</param>
    /// <param name="height">Height of the picture.</param>
    /// <param name="size">Side of the square window.</param>
    /// <param name="crop">False draws the middle of the picture at the smallest scale.</param>
    /// <param name="flip">False never mirrors.</param>
    internal static CropDraw Random(
        ref SampleRandom random, int width, int height, int size, bool crop = true, bool flip = true)
    {
        var largest = (int)Math.Ceiling(size / SmallestShare);
        var shortSide = size + random.Next(largest - size + 1);
        var (scaledWidth, scaledHeight) = Crops.ShortSideSize(width, height, crop ? shortSide : size);
        var (top, left) = (random.Next(scaledHeight - size + 1), random.Next(scaledWidth - size + 1));
        var mirrored = random.Next(2) == 1 && flip;
        return crop
            ? new(shortSide, top, left, mirrored)
            : new(size, (scaledHeight - size) / 2, (scaledWidth - size) / 2, mirrored);
    }
}
