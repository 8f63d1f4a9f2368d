using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>From a picture of any size to the square a network takes: halving with <see cref="Resampling.Box"/> while
/// the short side is at least twice the wanted one, then <see cref="Resampling.Bicubic"/> to exactly the wanted one,
/// then a square window. The bits are those of Pillow with the published data loader.</summary>
public static class Crops
{
    /// <summary>The square in the middle, for evaluation and features.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="size">Side of the square in pixels.</param>
    public static Image Center(Image image, int size)
    {
        var resized = ShortSide(image, size);
        return resized.Crop((resized.Width - size) / 2, (resized.Height - size) / 2, size, size);
    }

    /// <summary>The square that <paramref name="draw"/> says, for training.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="size">Side of the square in pixels.</param>
    /// <param name="draw">Scale, place and mirroring, from <see cref="CropDraw.Random"/> or elsewhere.</param>
    /// <exception cref="ShapeException">The window does not lie inside the resized picture.</exception>
    public static Image Random(Image image, int size, CropDraw draw)
    {
        var crop = ShortSide(image, draw.ShortSide).Crop(draw.Left, draw.Top, size, size);
        return draw.Flip ? crop.FlipHorizontal() : crop;
    }

    /// <summary>The whole picture, its short side brought to <paramref name="size"/> pixels.</summary>
    public static Image ShortSide(Image image, int size)
    {
        var halved = Halve(image, size);
        var (width, height) = ScaledSize(halved.Width, halved.Height, size);
        return halved.Resize(width, height, Resampling.Bicubic);
    }

    /// <summary>The whole picture, both sides halved (rounded down) while the short one is at least twice
    /// <paramref name="size"/>.</summary>
    public static Image Halve(Image image, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        while (image.ShortSide >= 2 * size)
            image = image.Resize(image.Width / 2, image.Height / 2, Resampling.Box);
        return image;
    }

    /// <summary>Width and height that <see cref="ShortSide"/> gives a picture of this size.</summary>
    public static (int Width, int Height) ShortSideSize(int width, int height, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        while (Math.Min(width, height) >= 2 * size) (width, height) = (width / 2, height / 2);
        return ScaledSize(width, height, size);
    }

    /// <summary>Halves are rounded to even, as Python rounds.</summary>
    private static (int Width, int Height) ScaledSize(int width, int height, int size)
    {
        var scale = (double)size / Math.Min(width, height);
        return ((int)Math.Round(width * scale), (int)Math.Round(height * scale));
    }
}
