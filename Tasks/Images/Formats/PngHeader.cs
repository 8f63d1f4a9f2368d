using System.IO.Compression;

namespace Diffract.Tasks;

/// <summary>Walks over the chunks of a PNG file (W3C PNG, third edition), checks their checksums, and unpacks the
/// pixels once without keeping them: what a decoder sees is whole and unpacks to the size its header announces.
/// </summary>
internal static class PngHeader
{
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    // Deflate packs at most 1032 bytes into one, so a short file cannot announce a large picture.
    private const long BestRatio = 1032;

    // Files with a few bytes too many exist, and every viewer shows them.
    private const int ExtraBytesAllowed = 1 << 16;

    public static ImageHeader Read(ReadOnlySpan<byte> file)
    {
        var reader = new ByteReader(file);
        reader.Skip(Signature.Length);
        var orientation = Orientation.TopLeft;
        var packed = new MemoryStream();
        (int Width, int Height, long RawBytes)? size = null;
        while (true)
        {
            var start = reader.Position;
            long length = reader.U32();
            var type = reader.Take(4);
            var data = reader.Take(length);
            if (reader.U32() != Crc32.Of(data, Crc32.Of(type)))
                throw ByteReader.Problem(start, "the checksum of a chunk is wrong");
            if (size is null != type.SequenceEqual("IHDR"u8))
                throw ByteReader.Problem(start, "the header chunk must come first, and once");
            if (type.SequenceEqual("IHDR"u8)) size = Size(data, start);
            else if (type.SequenceEqual("IDAT"u8)) packed.Write(data);
            else if (type.SequenceEqual("eXIf"u8)) orientation = Exif.ReadOrientation(data);
            else if (type.SequenceEqual("IEND"u8)) break;
            else if ((type[0] & 0x20) == 0 && !type.SequenceEqual("PLTE"u8))
                throw ByteReader.Problem(start, "a chunk that must be understood is unknown");
        }
        var (width, height, rawBytes) = size!.Value;
        if (rawBytes > (packed.Length + 1) * BestRatio)
            throw ByteReader.Problem(0, $"{width}x{height} pixels cannot come from {packed.Length} packed bytes");
        packed.Position = 0;
        CheckUnpacks(packed, rawBytes);
        return new(ImageFormat.Png, width, height, orientation, reader.Position);
    }

    private static (int Width, int Height, long RawBytes) Size(ReadOnlySpan<byte> header, int at)
    {
        if (header.Length != 13) throw ByteReader.Problem(at, "the header chunk has the wrong length");
        var reader = new ByteReader(header);
        var (width, height) = (reader.U32(), reader.U32());
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
            throw ByteReader.Problem(at, $"an image of {width}x{height} is not possible");
        if ((long)width * height > int.MaxValue) throw ByteReader.Problem(at, $"{width}x{height} pixels are too many");
        var (depth, colour) = (reader.U8(), reader.U8());
        var samples = (colour, depth) switch
        {
            (0, 1 or 2 or 4 or 8 or 16) or (3, 1 or 2 or 4 or 8) => 1,
            (4, 8 or 16) => 2,
            (2, 8 or 16) => 3,
            (6, 8 or 16) => 4,
            _ => throw ByteReader.Problem(at, $"colour type {colour} with {depth} bits does not exist"),
        };
        if (reader.U8() != 0 || reader.U8() != 0) throw ByteReader.Problem(at, "unknown compression or filter method");
        var raw = reader.U8() switch
        {
            0 => RawBytes(width, height, samples * depth),
            1 => InterlacedBytes(width, height, samples * depth),
            var method => throw ByteReader.Problem(at, $"unknown interlace method {method}"),
        };
        return ((int)width, (int)height, raw);
    }

    private static long RawBytes(long width, long height, int bits) =>
        width == 0 ? 0 : height * (1 + (width * bits + 7) / 8);

    /// <summary>Adam7: seven pictures of every 8th, 4th or 2nd pixel.</summary>
    private static long InterlacedBytes(long width, long height, int bits)
    {
        ReadOnlySpan<(int X, int Y, int StepX, int StepY)> passes =
            [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        var total = 0L;
        foreach (var (x, y, stepX, stepY) in passes)
            total += RawBytes((width - x + stepX - 1) / stepX, (height - y + stepY - 1) / stepY, bits);
        return total;
    }

    private static void CheckUnpacks(Stream packed, long expected)
    {
        using var unpacked = new ZLibStream(packed, CompressionMode.Decompress);
        var buffer = new byte[1 << 16];
        var found = 0L;
        try
        {
            for (int read; (read = unpacked.Read(buffer)) > 0 && found <= expected + ExtraBytesAllowed;) found += read;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new InvalidDataException($"the packed pixels are corrupt after {found} of {expected} bytes", e);
        }
        if (found < expected)
            throw new InvalidDataException($"the pixels are cut short: {found} of {expected} bytes unpack");
        if (found > expected + ExtraBytesAllowed)
            throw new InvalidDataException($"the pixels unpack to far more than the {expected} bytes of the header");
    }
}
