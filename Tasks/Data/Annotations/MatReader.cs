using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Parses MATLAB files of level 5: a header of 128 bytes, then tagged elements, arrays or zlib-packed arrays,
/// each filled up to 8 bytes (MAT-File Format, The MathWorks, chapter 1).</summary>
internal sealed class MatReader
{
    private const int HeaderBytes = 128;
    private const int DeepestNesting = 16;

    // The annotations of ImageNet are 2 MB unpacked; what is far larger is not of this kind.
    private const int MostBytes = 1 << 28;

    // Types of elements.
    private const int SignedBytes = 1, UnsignedWords = 4, SignedInts = 5, UnsignedInts = 6, Matrix = 14, Packed = 15,
        Utf16 = 17;

    // Kinds of arrays.
    private const int Cell = 1, Struct = 2, Char = 4, FirstNumeric = 6, LastNumeric = 15;

    private readonly string path;
    private readonly byte[] bytes;
    private readonly long packedAt;

    private readonly record struct Element(int Type, int From, int Length, int Next)
    {
        public int End => From + Length;
    }

    // Offsets are those of the file, or of a variable that is packed at packedAt.
    private MatReader(string path, byte[] bytes, long packedAt = -1) =>
        (this.path, this.bytes, this.packedAt) = (path, bytes, packedAt);

    /// <summary>The variables of a file by their names.</summary>
    public static Dictionary<string, MatArray> Variables(string path, byte[] bytes)
    {
        var reader = new MatReader(path, bytes);
        reader.CheckHeader();
        var variables = new Dictionary<string, MatArray>();
        for (var at = HeaderBytes; at < bytes.Length;)
        {
            var element = reader.Read(at, bytes.Length);
            if (element.Type == Packed) reader.Unpack(element).AddVariable(variables);
            else if (element.Type == Matrix) reader.AddVariable(variables, element);
            at = element.Next;
        }
        return variables;
    }

    private void CheckHeader()
    {
        if (bytes.Length < HeaderBytes) throw Fault(bytes.Length, "the file ends inside its header");
        if (bytes.AsSpan().StartsWith("MATLAB 7.3"u8))
            throw Fault(0, "a MATLAB file of version 7.3 (HDF5); only those of level 5 are read (save with -v7)");
        if (!bytes.AsSpan(126, 2).SequenceEqual("IM"u8))
            throw Fault(126, "no little-endian MATLAB file of level 5");
    }

    private void AddVariable(Dictionary<string, MatArray> variables, Element? at = null)
    {
        var element = at ?? Read(0, bytes.Length);
        if (element.Type != Matrix) throw Fault(0, $"an array is expected, found type {element.Type}");
        var array = Parse(element, DeepestNesting, out var name);
        variables[name] = array;
    }

    private MatArray Parse(Element matrix, int depthLeft, out string name)
    {
        name = "";
        if (matrix.Type != Matrix) throw Fault(matrix.From, $"an array is expected, found type {matrix.Type}");
        if (matrix.Length == 0) return new();
        if (depthLeft == 0) throw Fault(matrix.From, $"arrays are nested more than {DeepestNesting} deep");
        var flags = Expect(matrix.From, matrix.End, UnsignedInts, "the flags of an array");
        if (flags.Length != 8) throw Fault(flags.From, "the flags of an array are 8 bytes");
        var sizes = Expect(flags.Next, matrix.End, SignedInts, "the sizes of an array");
        var title = Expect(sizes.Next, matrix.End, SignedBytes, "the name of an array");
        name = Encoding.Latin1.GetString(bytes, title.From, title.Length);
        var count = Count(sizes);
        var at = title.Next;
        return bytes[flags.From] switch
        {
            Cell => new() { Cells = Parse(ref at, matrix.End, count, depthLeft - 1) },
            Struct => new() { Fields = Fields(at, matrix.End, count, depthLeft - 1) },
            Char => new() { Text = Text(Read(at, matrix.End)) },
            >= FirstNumeric and <= LastNumeric => new() { Numbers = Numbers(Read(at, matrix.End), count) },
            _ => new(),
        };
    }

    private Dictionary<string, MatArray[]> Fields(int at, int end, int count, int depthLeft)
    {
        var width = Expect(at, end, SignedInts, "the length of field names");
        var names = Expect(width.Next, end, SignedBytes, "the names of fields");
        var length = width.Length == 4 ? BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(width.From)) : 0;
        if (length <= 0 || names.Length % length != 0) throw Fault(width.From, "the names of fields do not fit");
        string[] keys = [.. Enumerable.Range(0, names.Length / length).Select(i =>
            Encoding.Latin1.GetString(bytes, names.From + i * length, length).Split('\0')[0])];
        at = names.Next;
        // Element by element, in each field by field.
        var values = Parse(ref at, end, checked(count * keys.Length), depthLeft);
        var fields = new Dictionary<string, MatArray[]>();
        for (var k = 0; k < keys.Length; k++)
            fields[keys[k]] = [.. Enumerable.Range(0, count).Select(i => values[i * keys.Length + k])];
        return fields;
    }

    private MatArray[] Parse(ref int at, int end, int count, int depthLeft)
    {
        // Every array has a tag, so that a damaged count asks for no memory.
        if (count > (end - at) / 8) throw Fault(at, $"{count} arrays are expected in {end - at} bytes");
        var arrays = new MatArray[count];
        for (var i = 0; i < count; i++)
        {
            var element = Read(at, end);
            arrays[i] = Parse(element, depthLeft, out _);
            at = element.Next;
        }
        return arrays;
    }

    private double[] Numbers(Element element, int count)
    {
        var size = element.Type switch { 1 or 2 => 1, 3 or 4 => 2, 5 or 6 or 7 => 4, 9 or 12 or 13 => 8, _ => 0 };
        if (size == 0) throw Fault(element.From, $"numbers of the unknown type {element.Type}");
        if (element.Length != (long)count * size)
            throw Fault(element.From, $"{count} numbers of {size} bytes are expected, found {element.Length} bytes");
        var numbers = new double[count];
        for (var i = 0; i < count; i++)
        {
            var number = bytes.AsSpan(element.From + i * size, size);
            numbers[i] = element.Type switch
            {
                1 => (sbyte)number[0],
                2 => number[0],
                3 => BinaryPrimitives.ReadInt16LittleEndian(number),
                4 => BinaryPrimitives.ReadUInt16LittleEndian(number),
                5 => BinaryPrimitives.ReadInt32LittleEndian(number),
                6 => BinaryPrimitives.ReadUInt32LittleEndian(number),
                7 => BinaryPrimitives.ReadSingleLittleEndian(number),
                9 => BinaryPrimitives.ReadDoubleLittleEndian(number),
                12 => BinaryPrimitives.ReadInt64LittleEndian(number),
                _ => BinaryPrimitives.ReadUInt64LittleEndian(number),
            };
        }
        return numbers;
    }

    private string Text(Element element) => element.Type is UnsignedWords or Utf16
        ? Encoding.Unicode.GetString(bytes, element.From, element.Length)
        : Encoding.UTF8.GetString(bytes, element.From, element.Length);

    private int Count(Element sizes)
    {
        var count = 1L;
        for (var at = sizes.From; at + 4 <= sizes.End; at += 4)
        {
            var size = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
            if (size < 0 || (count *= size) > MostBytes) throw Fault(at, $"an array has the size {size}");
        }
        return (int)count;
    }

    private Element Expect(int at, int end, int type, string what)
    {
        var element = Read(at, end);
        return element.Type == type ? element
            : throw Fault(at, $"{what} are of type {type}, found type {element.Type}");
    }

    private Element Read(int at, int end)
    {
        if (end - at < 8) throw Fault(at, "the data end inside an element");
        var first = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
        // Up to 4 bytes stand in the tag itself; its upper half is then their number.
        if (first >> 16 is > 0 and var few)
            return few <= 4 ? new((int)(first & 0xFFFF), at + 4, (int)few, at + 8)
                : throw Fault(at, $"a short element has {few} bytes");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 4));
        if (length > end - at - 8)
            throw Fault(at + 4, $"an element of {length} bytes is cut short after {end - at - 8}");
        var next = at + 8L + (first == Packed ? length : (length + 7L) / 8 * 8);
        return new((int)first, at + 8, (int)length, (int)Math.Min(next, end));
    }

    private MatReader Unpack(Element element)
    {
        using var unpacked = new MemoryStream();
        try
        {
            using var stream = new ZLibStream(
                new MemoryStream(bytes, element.From, element.Length), CompressionMode.Decompress);
            var part = new byte[1 << 16];
            for (int read; (read = stream.Read(part)) > 0; unpacked.Write(part, 0, read))
                if (unpacked.Length > MostBytes) throw Fault(element.From, "a packed variable is far too large");
        }
        catch (InvalidDataException e)
        {
            throw new FileFormatException(path, element.From, "a packed variable is damaged", e);
        }
        return new(path, unpacked.ToArray(), element.From);
    }

    private FileFormatException Fault(long offset, string problem) => packedAt < 0
        ? new(path, offset, problem)
        : new(path, packedAt, $"{problem} (byte {offset} of the variable that is packed here)");
}
