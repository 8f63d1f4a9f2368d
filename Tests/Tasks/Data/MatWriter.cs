using System.IO.Compression;
using System.Text;

namespace Diffract.Tests.Tasks;

/// <summary>Writes MATLAB files of level 5, as far as annotations of image data sets use them.</summary>
internal sealed class MatWriter
{
    private readonly MemoryStream file = new();

    public MatWriter()
    {
        file.Write(Encoding.ASCII.GetBytes("MATLAB 5.0 MAT-file, a test".PadRight(124)));
        file.Write([0x00, 0x01, (byte)'I', (byte)'M']);
    }

    /// <summary>Adds a variable, packed as MATLAB does, or plain.</summary>
    public MatWriter Add(byte[] variable, bool packed = true)
    {
        if (!packed)
        {
            file.Write(variable);
            return this;
        }
        using var zipped = new MemoryStream();
        using (var zlib = new ZLibStream(zipped, CompressionLevel.Fastest, leaveOpen: true)) zlib.Write(variable);
        file.Write([.. BitConverter.GetBytes(15), .. BitConverter.GetBytes((int)zipped.Length), .. zipped.ToArray()]);
        return this;
    }

    public byte[] ToArray() => file.ToArray();

    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, ToArray());
    }

    /// <summary>Doubles, stored as bytes where they fit, as MATLAB does.</summary>
    public static byte[] Numbers(string name, params int[] values) => values.All(v => v is >= 0 and < 256)
        ? Matrix(name, 6, [1, values.Length], Element(2, [.. values.Select(v => (byte)v)]))
        : Matrix(name, 6, [1, values.Length],
            Element(9, [.. values.SelectMany(v => BitConverter.GetBytes((double)v))]));

    /// <summary>16-bit numbers.</summary>
    public static byte[] Words(string name, params int[] values) =>
        Matrix(name, 11, [values.Length, 1], Element(4, [.. values.SelectMany(v => BitConverter.GetBytes((ushort)v))]));

    public static byte[] Text(string name, string text) =>
        Matrix(name, 4, [1, text.Length], Element(4, Encoding.Unicode.GetBytes(text)));

    public static byte[] Cells(string name, params string[] texts) =>
        Matrix(name, 1, [texts.Length, 1], [.. texts.SelectMany(text => Text("", text))]);

    /// <summary>A struct array; the value of a field is a text or a number.</summary>
    public static byte[] Struct(string name, string[] fields, params object[][] rows)
    {
        const int width = 32;
        var names = new byte[width * fields.Length];
        for (var i = 0; i < fields.Length; i++) Encoding.ASCII.GetBytes(fields[i]).CopyTo(names, i * width);
        return Matrix(name, 2, [1, rows.Length],
        [
            .. Element(5, BitConverter.GetBytes(width)), .. Element(1, names),
            .. rows.SelectMany(row => row.SelectMany(value =>
                value is string text ? Text("", text) : Numbers("", (int)value))),
        ]);
    }

    private static byte[] Matrix(string name, int kind, int[] sizes, byte[] content) => Element(14,
    [
        .. Element(6, [.. BitConverter.GetBytes(kind), .. new byte[4]]),
        .. Element(5, [.. sizes.SelectMany(BitConverter.GetBytes)]),
        .. Element(1, Encoding.ASCII.GetBytes(name)), .. content,
    ]);

    private static byte[] Element(int type, byte[] content) => content.Length is > 0 and <= 4 && type != 14
        ? [.. BitConverter.GetBytes(content.Length << 16 | type), .. content, .. new byte[4 - content.Length]]
        : [.. BitConverter.GetBytes(type), .. BitConverter.GetBytes(content.Length), .. content,
            .. new byte[(8 - content.Length % 8) % 8]];
}
