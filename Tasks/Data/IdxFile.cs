using System.IO.Compression;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>An array of bytes in the IDX format of the MNIST database: two zero bytes, a type code (8, unsigned bytes),
/// the number of axes, their lengths (32-bit, big-endian), the elements. A file that ends in .gz is unpacked.</summary>
/// <param name="Lengths">Lengths of the axes.</param>
/// <param name="Elements">The elements, row-major.</param>
internal sealed record IdxFile(int[] Lengths, byte[] Elements)
{
    private const int UnsignedBytes = 8;

    // 60000 pictures of 28x28 are 47 MB; what is far larger is not of this kind.
    private const long MostElements = 1L << 30;

    public static IdxFile Read(string path, int axes)
    {
        var packed = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        try
        {
            using var file = File.OpenRead(path);
            using Stream content = packed ? new GZipStream(file, CompressionMode.Decompress) : file;
            return Parse(path, content, axes, packed ? " of the unpacked data" : "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new DatasetException($"{path}: the file cannot be read ({e.Message})", e);
        }
    }

    private static IdxFile Parse(string path, Stream content, int axes, string where)
    {
        Span<byte> start = stackalloc byte[4 + 4 * axes];
        var got = content.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (got < start.Length) throw Fault(got, "the file ends inside its header");
        if (start[0] != 0 || start[1] != 0) throw Fault(0, "an idx file starts with two zero bytes");
        if (start[2] != UnsignedBytes) throw Fault(2, $"only unsigned bytes (8) are read, found type {start[2]}");
        if (start[3] != axes) throw Fault(3, $"{axes} axes are expected, found {start[3]}");
        var lengths = new int[axes];
        var reader = new ByteReader(start[4..]);
        var count = 1L;
        for (var axis = 0; axis < axes; axis++)
        {
            var length = reader.U32();
            count = length <= MostElements ? count * length : long.MaxValue;
            if (length == 0 || count > MostElements) throw Fault(4 + 4 * axis, $"axis {axis} has {length} elements");
            lengths[axis] = (int)length;
        }
        var elements = ReadAll(content, count, out var found);
        return found == count ? new(lengths, elements) : throw Fault(start.Length + Math.Min(found, count),
            found < count ? $"the file ends too early, {count - found} of {count} elements are missing"
                : $"the file goes on after its {count} elements");

        FileFormatException Fault(long offset, string problem) => new(path, offset, problem + where);
    }

    /// <summary>Memory grows with what is really there, whatever the header says.</summary>
    private static byte[] ReadAll(Stream content, long count, out long found)
    {
        var elements = new byte[Math.Min(count, 1 << 20)];
        found = 0;
        while (found < count)
        {
            if (found == elements.Length) Array.Resize(ref elements, (int)Math.Min(count, found * 2));
            var read = content.Read(elements.AsSpan((int)found));
            if (read == 0) return elements;
            found += read;
        }
        if (content.ReadByte() >= 0) found++;
        return elements;
    }
}
