using System.Text;
using Diffract.Engine;

namespace Diffract.Tests;

/// <summary>Pickles written by hand, as text in which each character is a byte, and files around them.</summary>
internal static class Pickles
{
    public const string Start = "\u0080\u0002";
    public const string OrderedDict = "ccollections\nOrderedDict\n";

    /// <summary>The bytes of such a text.</summary>
    public static byte[] Bytes(string pickle) => Encoding.Latin1.GetBytes(pickle);

    /// <summary>A string that is pushed.</summary>
    public static string Text(string text) => "X" + U32(text.Length) + text;

    /// <summary>A number that is pushed.</summary>
    public static string Number(long number) => "\u008a\u0008" + Latin1(BitConverter.GetBytes(number));

    public static string U32(long number) => Latin1(BitConverter.GetBytes((uint)number));

    public static string U64(ulong number) => Latin1(BitConverter.GetBytes(number));

    /// <summary>A reference to a storage.</summary>
    public static string Storage(string type, string key, long count, string view = "") =>
        "(" + Text("storage") + $"ctorch\n{type}\n" + Text(key) + Text("cpu") + Number(count) + view + "tQ";

    /// <summary>A tensor over a storage.</summary>
    public static string Tensor(string storage, long offset, long[] size, long[] stride) =>
        "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + Number(offset) + Tuple(size) + Tuple(stride)
        + "\u0089" + OrderedDict + ")RtR";

    public static string Tuple(params long[] numbers) => "(" + string.Concat(numbers.Select(Number)) + "t";

    /// <summary>The instructions that the fixtures lack: those of protocols 3 to 5, and rare old ones.</summary>
    public static byte[] EveryInstruction()
    {
        var body = "("
            + "\u008c\u0001a\u0094"                                  // SHORT_BINUNICODE, MEMOIZE
            + "\u008d" + U64(2) + "bc"                               // BINUNICODE8
            + "C\u0002xy" + "B" + U32(1) + "z" + "\u008e" + U64(1) + "z" + "\u0096" + U64(1) + "z"   // bytes
            + "h\0r" + U32(1) + "j" + U32(1)                         // BINGET, LONG_BINPUT, LONG_BINGET
            + "\u008c\u000bcollections\u008c\u000bOrderedDict\u0093)R" // STACK_GLOBAL
            + "G?\u00f0\0\0\0\0\0\0"                                  // BINFLOAT
            + "\u008b" + U32(9) + "\u0001\0\0\0\0\0\0\0\u0001"       // LONG4
            + "N0" + "(NN1" + "\u00892"                              // POP, POP_MARK, DUP
            + "(K\u0001K\u0002l" + "(\u008c\u0001k\u0088d"           // LIST, DICT
            + "M\u00ff\u00ff" + "J\u00ff\u00ff\u00ff\u00ff"           // BININT2, BININT
            + "T" + U32(2) + "hi" + "U\u0001s"                       // BINSTRING, SHORT_BINSTRING
            + "N\u0085" + "NN\u0086" + "NNN\u0087" + ")"             // tuples
            + "t.";
        return Bytes("\u0080\u0005\u0095" + U64((ulong)body.Length) + body);
    }

    /// <summary>A zip archive as torch.save makes it, with a pickle and storages of zeros.</summary>
    public static byte[] Zip(string pickle, params (string Key, int Bytes)[] storages)
    {
        using var stream = new MemoryStream();
        var zip = new ZipWriter(stream);
        zip.Add("case/data.pkl", Bytes(pickle));
        foreach (var (key, bytes) in storages) zip.Add($"case/data/{key}", new byte[bytes]);
        zip.Finish();
        return stream.ToArray();
    }

    /// <summary>A file of the old kind.</summary>
    public static byte[] Legacy(string pickle, params (string Key, long Count, byte[] Data)[] storages)
    {
        var keys = Start + "](" + string.Concat(storages.Select(storage => Text(storage.Key))) + "e.";
        return [.. LegacyStart(), .. Bytes(pickle), .. Bytes(keys), .. storages.SelectMany(Data)];
        static byte[] Data((string Key, long Count, byte[] Data) storage) =>
            [.. BitConverter.GetBytes(storage.Count), .. storage.Data];
    }

    /// <summary>Magic number, protocol, facts about the machine.</summary>
    public static byte[] LegacyStart(bool littleEndian = true) => Bytes(
        Start + "\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019." + Start + "M\u00e9\u0003."
        + Start + "}" + Text("little_endian") + (littleEndian ? "\u0088" : "\u0089") + "s.");

    private static string Latin1(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
