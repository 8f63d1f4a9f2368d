using System.Buffers.Binary;
using System.IO.Compression;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Writes PNG files: 8 bits a sample; grey, RGB or RGBA; every row with the filter that leaves the smallest
/// differences (W3C PNG, section 12.7).</summary>
public static class PngWriter
{
    /// <summary>Writes a picture. The file appears whole or not at all.</summary>
    /// <param name="path">Where; an existing file is replaced.</param>
    /// <param name="image">The picture.</param>
    public static void Save(string path, Image image) => OutputFile.Write(path, stream => Write(stream, image));

    /// <summary>Writes samples of any channel count. The file appears whole or not at all.</summary>
    /// <param name="path">Where; an existing file is replaced.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 grey, 3 RGB, 4 RGB and alpha.</param>
    /// <param name="pixels">[height, width, channels].</param>
    public static void Save(string path, int width, int height, int channels, byte[] pixels) =>
        OutputFile.Write(path, stream => Write(stream, width, height, channels, pixels));

    /// <summary>The bytes of a PNG file of a picture.</summary>
    public static byte[] Encode(Image image)
    {
        var stream = new MemoryStream();
        Write(stream, image);
        return stream.ToArray();
    }

    /// <summary>Writes a picture to a stream.</summary>
    public static void Write(Stream stream, Image image) =>
        Write(stream, image.Width, image.Height, Image.Channels, image.Pixels);

    /// <summary>Writes samples to a stream.</summary>
    /// <param name="stream">Where.</param>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="channels">1 grey, 3 RGB, 4 RGB and alpha.</param>
    /// <param name="pixels">[height, width, channels].</param>
    /// <exception cref="ShapeException">The number of bytes or of channels does not fit.</exception>
    public static void Write(Stream stream, int width, int height, int channels, ReadOnlySpan<byte> pixels)
    {
        if (channels is not (1 or 3 or 4)) throw new ShapeException($"a PNG has 1, 3 or 4 channels, found {channels}");
        if (width < 1 || height < 1 || pixels.Length != (long)width * height * channels)
            throw new ShapeException($"a PNG of {width}x{height} with {channels} channels needs "
                + $"{(long)width * height * channels} bytes and sides of at least 1, found {pixels.Length}");
        stream.Write(PngHeader.Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        (header[8], header[9]) = (8, channels switch { 1 => (byte)0, 3 => (byte)2, _ => (byte)6 });
        header[10..].Clear();
        Chunk(stream, "IHDR"u8, header);
        Chunk(stream, "IDAT"u8, Pack(pixels, width * channels, channels));
        Chunk(stream, "IEND"u8, []);
    }

    private static void Chunk(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        stream.Write(type);
        stream.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(data, Crc32.Of(type)));
        stream.Write(number);
    }

    private static ReadOnlySpan<byte> Pack(ReadOnlySpan<byte> pixels, int rowBytes, int channels)
    {
        var packed = new MemoryStream();
        using (var zip = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            var filtered = new byte[5][];
            for (var i = 0; i < filtered.Length; i++) filtered[i] = new byte[1 + rowBytes];
            // Neighbours before the first pixel and above the first row count as zero.
            var (row, above) = (new byte[channels + rowBytes], new byte[channels + rowBytes]);
            for (var rest = pixels; !rest.IsEmpty; rest = rest[rowBytes..])
            {
                rest[..rowBytes].CopyTo(row.AsSpan(channels));
                zip.Write(PngFilter.Best(filtered, row, above, channels));
                (row, above) = (above, row);
            }
        }
        return packed.GetBuffer().AsSpan(0, (int)packed.Length);
    }
}
