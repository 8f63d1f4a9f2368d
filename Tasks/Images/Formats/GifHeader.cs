namespace Diffract.Tasks;

/// <summary>Walks over the blocks of a GIF file (GIF89a specification) to the end of its first frame.</summary>
internal static class GifHeader
{
    // A code of at most 12 bits stands for at most 4096 pixels.
    private const long PixelsPerByte = 4096;

    // A frame may leave most of the image empty, but not so much that a short file takes a lot of memory.
    private const long EmptyPixels = 1 << 22;

    /// <summary>What a decoder needs to know beyond the size.</summary>
    /// <param name="Palette">The first frame's colours, three bytes each, where they start in the file.</param>
    /// <param name="Colours">Number of colours.</param>
    /// <param name="Transparent">Palette index of transparent pixels, or -1.</param>
    /// <param name="Header">Size and end.</param>
    public readonly record struct Facts(int Palette, int Colours, int Transparent, ImageHeader Header);

    public static Facts Read(ReadOnlySpan<byte> file)
    {
        var reader = new ByteReader(file);
        reader.Skip(6);
        var (width, height, flags) = (reader.U16Little(), reader.U16Little(), reader.U8());
        reader.Skip(2);
        if (width == 0 || height == 0) throw ByteReader.Problem(6, $"an image of {width}x{height} has no pixels");
        var (palette, colours) = Palette(ref reader, flags);
        var transparent = -1;
        while (true)
        {
            var at = reader.Position;
            switch (reader.U8())
            {
                case 0x21 when reader.U8() == 0xF9:
                    transparent = GraphicControl(ref reader) ?? transparent;
                    break;
                case 0x21:
                    SkipBlocks(ref reader);
                    break;
                case 0x2C:
                    var (left, top) = (reader.U16Little(), reader.U16Little());
                    var (frameWidth, frameHeight) = (reader.U16Little(), reader.U16Little());
                    if (frameWidth == 0 || frameHeight == 0 || left + frameWidth > width || top + frameHeight > height)
                        throw ByteReader.Problem(at, "the first frame does not lie inside the image");
                    flags = reader.U8();
                    if ((flags & 0x80) != 0) (palette, colours) = Palette(ref reader, flags);
                    if (colours == 0) throw ByteReader.Problem(at, "the first frame has no palette");
                    reader.Skip(1);
                    var packed = SkipBlocks(ref reader);
                    if ((long)frameWidth * frameHeight > packed * PixelsPerByte)
                        throw ByteReader.Problem(at, $"a frame of {frameWidth}x{frameHeight} cannot come from {packed} "
                            + "packed bytes");
                    if ((long)width * height > packed * PixelsPerByte + EmptyPixels)
                        throw ByteReader.Problem(6, $"an image of {width}x{height} is too large for its first frame");
                    return new(palette, colours, transparent,
                        new(ImageFormat.Gif, width, height, Orientation.TopLeft, reader.Position));
                case 0x3B:
                    throw ByteReader.Problem(at, "the image ends without a frame");
                default:
                    throw ByteReader.Problem(at, "a block starts with an unknown code");
            }
        }
    }

    private static (int Start, int Colours) Palette(ref ByteReader reader, int flags)
    {
        if ((flags & 0x80) == 0) return (0, 0);
        var (start, colours) = (reader.Position, 2 << (flags & 7));
        reader.Skip(colours * 3);
        return (start, colours);
    }

    private static int? GraphicControl(ref ByteReader reader)
    {
        int? transparent = null;
        for (int length; (length = reader.U8()) != 0;)
        {
            var data = reader.Take(length);
            if (length >= 4) transparent = (data[0] & 1) != 0 ? data[3] : -1;
        }
        return transparent;
    }

    private static long SkipBlocks(ref ByteReader reader)
    {
        var total = 0L;
        for (int length; (length = reader.U8()) != 0; total += length) reader.Skip(length);
        return total;
    }
}
