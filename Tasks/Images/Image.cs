using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>A picture in memory: 8-bit red, green and blue, row after row from the top, [height, width, 3].</summary>
public sealed class Image
{
    /// <summary>Bytes of one pixel.</summary>
    public const int Channels = 3;

    /// <summary>A picture over <paramref name="pixels"/>, which it keeps without a copy.</summary>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels">height * width * 3 bytes, [height, width, 3].</param>
    /// <exception cref="ShapeException">The number of bytes does not fit, or a side is not positive.</exception>
    public Image(int width, int height, byte[] pixels)
    {
        if (width < 1 || height < 1 || pixels.LongLength != (long)width * height * Channels)
            throw new ShapeException($"a picture of {width}x{height} needs {(long)width * height * Channels} bytes "
                + $"and sides of at least 1, found {pixels.LongLength} bytes");
        (Width, Height, Pixels) = (width, height, pixels);
    }

    /// <summary>A black picture.</summary>
    public Image(int width, int height) : this(width, height, new byte[checked(width * height * Channels)]) { }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>The bytes, [height, width, 3]; not a copy.</summary>
    public byte[] Pixels { get; }

    /// <summary>Length of the shorter side in pixels.</summary>
    public int ShortSide => Math.Min(Width, Height);

    /// <summary>The bytes of one row, [width, 3].</summary>
    public Span<byte> Row(int y) => Pixels.AsSpan(y * Width * Channels, Width * Channels);

    /// <summary>A picture whose three channels all repeat <paramref name="grey"/>, [height, width].</summary>
    /// <exception cref="ShapeException">The number of bytes is not width * height.</exception>
    public static Image FromGrey(int width, int height, ReadOnlySpan<byte> grey)
    {
        if (grey.Length != (long)width * height)
            throw new ShapeException($"a grey picture of {width}x{height} needs {(long)width * height} bytes, found "
                + $"{grey.Length}");
        var image = new Image(width, height);
        for (var i = 0; i < grey.Length; i++) image.Pixels.AsSpan(i * Channels, Channels).Fill(grey[i]);
        return image;
    }

    /// <summary>A copy of a window; its top left pixel is (<paramref name="left"/>, <paramref name="top"/>).</summary>
    /// <exception cref="ShapeException">The window reaches outside the picture.</exception>
    public Image Crop(int left, int top, int width, int height)
    {
        if (left < 0 || top < 0 || width > Width - left || height > Height - top)
            throw new ShapeException($"a window of {width}x{height} at ({left}, {top}) reaches outside a picture of "
                + $"{Width}x{Height}");
        var crop = new Image(width, height);
        for (var y = 0; y < height; y++)
            Row(top + y).Slice(left * Channels, width * Channels).CopyTo(crop.Row(y));
        return crop;
    }

    /// <summary>A copy with left and right exchanged.</summary>
    public Image FlipHorizontal()
    {
        var flipped = new Image(Width, Height);
        for (var y = 0; y < Height; y++)
        {
            var from = Row(y);
            var to = flipped.Row(y);
            for (var x = 0; x < Width; x++)
                from.Slice(x * Channels, Channels).CopyTo(to.Slice((Width - 1 - x) * Channels, Channels));
        }
        return flipped;
    }

    /// <summary>A copy in the middle of a larger black picture; an odd rest goes to the right and the bottom.</summary>
    /// <exception cref="ShapeException">The new sides are shorter than the picture's.</exception>
    public Image PadTo(int width, int height)
    {
        if (width < Width || height < Height)
            throw new ShapeException($"a picture of {Width}x{Height} cannot be padded to {width}x{height}");
        var padded = new Image(width, height);
        var (left, top) = ((width - Width) / 2, (height - Height) / 2);
        for (var y = 0; y < Height; y++) Row(y).CopyTo(padded.Row(top + y)[(left * Channels)..]);
        return padded;
    }

    /// <summary>"500x375".</summary>
    public override string ToString() => $"{Width}x{Height}";
}
