namespace Diffract.Tasks;

/// <summary>Walks over the segments of a JPEG file (ITU-T T.81, annex B) from the first marker to the end-of-image
/// marker, so that a decoder only sees files whose structure is whole.</summary>
internal static class JpegHeader
{
    // Every 8x8 block takes at least one bit, so a byte can stand for at most 512 pixels.
    private const long PixelsPerByte = 8 * 64;

    /// <summary>What a decoder needs to know beyond the size.</summary>
    /// <param name="Components">1 grey, 3 colour, 4 CMYK or YCCK.</param>
    /// <param name="HasAdobe">Whether an Adobe segment says how the colours are stored.</param>
    /// <param name="Header">Size, orientation, end.</param>
    public readonly record struct Facts(int Components, bool HasAdobe, ImageHeader Header);

    public static Facts Read(ReadOnlySpan<byte> file)
    {
        var reader = new ByteReader(file);
        reader.Skip(2);
        var (width, height, components, scans, adobe) = (0, 0, 0, 0, false);
        var orientation = Orientation.TopLeft;
        for (int marker; (marker = NextMarker(ref reader)) != 0xD9;)
        {
            var start = reader.Position;
            if (marker is 0x01 or (>= 0xD0 and <= 0xD7)) continue;
            var length = reader.U16();
            if (length < 2) throw ByteReader.Problem(start, "a segment is shorter than its own length field");
            var segment = reader.Take(length - 2);
            switch (marker)
            {
                case 0xC0 or 0xC1 or 0xC2 when components != 0:
                    throw ByteReader.Problem(start, "there is a second frame header");
                case 0xC0 or 0xC1 or 0xC2:
                    (width, height, components) = Frame(segment, start);
                    break;
                case > 0xC2 and < 0xD0 and not (0xC4 or 0xC8 or 0xCC):
                    throw ByteReader.Problem(start, "this kind of JPEG (lossless, hierarchical or arithmetic coding) "
                        + "is not supported");
                case 0xD8:
                    throw ByteReader.Problem(start, "a second image starts inside the image");
                case 0xDA when components == 0:
                    throw ByteReader.Problem(start, "pixels come before the frame header");
                case 0xDA:
                    scans++;
                    SkipEntropyCoded(ref reader);
                    break;
                case 0xE1 when segment.StartsWith("Exif\0\0"u8):
                    orientation = Exif.ReadOrientation(segment[6..]);
                    break;
                case 0xEE when segment.StartsWith("Adobe"u8) && segment.Length >= 12:
                    adobe = true;
                    break;
            }
        }
        if (scans == 0) throw ByteReader.Problem(reader.Position, "the image ends without pixels");
        if ((long)width * height > file.Length * PixelsPerByte)
            throw ByteReader.Problem(0, $"{width}x{height} pixels cannot come from {file.Length} bytes");
        return new(components, adobe, new(ImageFormat.Jpeg, width, height, orientation, reader.Position));
    }

    private static (int Width, int Height, int Components) Frame(ReadOnlySpan<byte> segment, int at)
    {
        if (segment.Length < 6) throw ByteReader.Problem(at, "the frame header is too short");
        if (segment[0] != 8) throw ByteReader.Problem(at, $"samples of {segment[0]} bits are not supported, only 8");
        var (height, width, components) = ((segment[1] << 8) | segment[2], (segment[3] << 8) | segment[4], segment[5]);
        if (width == 0 || height == 0) throw ByteReader.Problem(at, $"an image of {width}x{height} has no pixels");
        if (components is not (1 or 3 or 4))
            throw ByteReader.Problem(at, $"{components} colour components are not supported, only 1, 3 or 4");
        return (width, height, components);
    }

    private static int NextMarker(ref ByteReader reader)
    {
        var at = reader.Position;
        if (reader.U8() != 0xFF) throw ByteReader.Problem(at, "a marker is missing here");
        int marker;
        do marker = reader.U8(); while (marker == 0xFF);
        if (marker == 0) throw ByteReader.Problem(at, "a marker is missing here");
        return marker;
    }

    /// <summary>Goes to the next 0xFF that is neither stuffed nor a restart marker.</summary>
    private static void SkipEntropyCoded(ref ByteReader reader)
    {
        while (true)
        {
            var rest = reader.Rest;
            var found = rest.IndexOf((byte)0xFF);
            if (found < 0 || found + 1 >= rest.Length)
                throw ByteReader.Problem(reader.Length, "the file ends in the middle of the image");
            reader.Skip(found);
            if (rest[found + 1] is not (0 or (>= 0xD0 and <= 0xD7))) return;
            reader.Skip(2);
        }
    }
}
