using System.IO.Compression;
using Diffract.Tasks;

namespace Diffract.Tests.Tasks;

/// <summary>Pictures and image files for tests, made in code.</summary>
internal static class Pictures
{
    /// <summary>Small image files of many kinds; beside each, as NAME.png, what Pillow makes of it.</summary>
    public static string Folder { get; } = Path.Combine(Goldens.Repository!, "Tests", "Tasks", "Images", "Files");

    public static Image Pattern(int width, int height)
    {
        var image = new Image(width, height);
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
                for (var c = 0; c < 3; c++)
                    image.Row(y)[3 * x + c] = (byte)((x * x * 7 + y * 13 + x * y * 3 + c * 29) >> (1 + c));
        return image;
    }

    public static Image Noise(int width, int height, int seed)
    {
        var image = new Image(width, height);
        new Random(seed).NextBytes(image.Pixels);
        return image;
    }

    /// <summary>A PNG of unfiltered rows, whatever its header says.</summary>
    public static byte[] Png(int width, int height, int depth, int colour, int interlace, byte[] rows,
        params (string Type, byte[] Data)[] chunks)
    {
        var file = new MemoryStream();
        file.Write(PngHeader.Signature);
        Chunk(file, "IHDR", [0, 0, (byte)(width >> 8), (byte)width, 0, 0, (byte)(height >> 8), (byte)height,
            (byte)depth, (byte)colour, 0, 0, (byte)interlace]);
        foreach (var (type, data) in chunks) Chunk(file, type, data);
        var packed = new MemoryStream();
        using (var zip = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true)) zip.Write(rows);
        Chunk(file, "IDAT", packed.ToArray());
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    /// <summary>Repairs the checksums of a PNG's chunks, so that a mutation reaches the decoder behind them.</summary>
    public static void RepairPng(byte[] file)
    {
        for (var at = 8; at + 12 <= file.Length;)
        {
            var length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));
            if (length > file.Length - at - 12) return;
            var crc = Crc32.Of(file.AsSpan(at + 4, (int)length + 4));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(at + 8 + (int)length), crc);
            at += 12 + (int)length;
        }
    }

    private static void Chunk(MemoryStream file, string type, byte[] data)
    {
        byte[] body = [.. System.Text.Encoding.ASCII.GetBytes(type), .. data];
        var number = new byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(body);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(body));
        file.Write(number);
    }
}
