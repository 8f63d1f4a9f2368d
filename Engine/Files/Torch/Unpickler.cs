using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Diffract.Engine;

/// <summary>Reads a pickle as data. A pickle is a program for a small stack machine that can name any function of
/// Python and call it; this machine knows seven names and the storage classes, builds lists, dictionaries and
/// descriptions of tensors, and refuses the rest by name.</summary>
/// <remarks>Whatever the pickle says, the work and the memory are a small multiple of the bytes read: every instruction
/// takes a constant time and room, or as much as it has bytes or takes from the stack.</remarks>
internal ref partial struct Unpickler
{
    private const int NewestProtocol = 5;
    private const int LongestText = 1 << 24;
    private const int LongestName = 256;
    private const int LongestInteger = 255;

    private static readonly object unset = new();

    private readonly FileBytes file;
    private readonly long origin;
    private readonly ReadOnlySpan<byte> bytes;
    private readonly TorchStorageMap? storages;
    private readonly List<object?> stack = [];
    private readonly List<int> marks = [];
    private readonly List<object?> memo = [];
    private int at;
    private int codeAt;
    private long copied;

    private Unpickler(FileBytes file, long origin, long length, TorchStorageMap? storages)
    {
        (this.file, this.origin, this.storages) = (file, origin, storages);
        bytes = file.Slice(origin, length, "a pickle");
    }

    /// <summary>Reads one pickle.</summary>
    /// <param name="file">The file it is in.</param>
    /// <param name="origin">Its first byte.</param>
    /// <param name="length">Bytes that it may have.</param>
    /// <param name="storages">Where the storages are that it refers to; null when it must not refer to any.</param>
    /// <param name="consumed">Bytes that it had.</param>
    public static object? Read(FileBytes file, long origin, long length, TorchStorageMap? storages, out int consumed)
    {
        var machine = new Unpickler(file, origin, length, storages);
        while (machine.Step()) { }
        consumed = machine.at;
        return machine.stack[0];
    }

    private bool Step()
    {
        codeAt = at;
        var code = Take(1, "the pickle")[0];
        switch (code)
        {
            case PickleCode.Proto: CheckProtocol(); break;
            case PickleCode.Frame: CheckFrame(); break;
            case PickleCode.Stop: CheckEnd(); return false;

            case PickleCode.None: Push(null); break;
            case PickleCode.NewTrue: Push(true); break;
            case PickleCode.NewFalse: Push(false); break;
            case PickleCode.BinInt: Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4, "an integer"))); break;
            case PickleCode.BinInt1: Push((long)Take(1, "an integer")[0]); break;
            case PickleCode.BinInt2: Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2, "an integer"))); break;
            case PickleCode.Long1: Push(Integer(Length(1))); break;
            case PickleCode.Long4: Push(Integer(Length(4))); break;
            case PickleCode.BinFloat: Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8, "a number"))); break;

            case PickleCode.ShortBinUnicode or PickleCode.ShortBinString: Push(Text(Length(1))); break;
            case PickleCode.BinUnicode or PickleCode.BinString: Push(Text(Length(4))); break;
            case PickleCode.BinUnicode8: Push(Text(Length(8))); break;
            case PickleCode.ShortBinBytes: Push(Bytes(Length(1)).ToArray()); break;
            case PickleCode.BinBytes: Push(Bytes(Length(4)).ToArray()); break;
            case PickleCode.BinBytes8 or PickleCode.ByteArray8: Push(Bytes(Length(8)).ToArray()); break;

            case PickleCode.Mark: marks.Add(stack.Count); break;
            case PickleCode.Pop: Drop(); break;
            case PickleCode.PopMark: PopMark(); break;
            case PickleCode.Dup: Push(Peek()); break;
            case PickleCode.BinGet: Push(Recall(Length(1))); break;
            case PickleCode.LongBinGet: Push(Recall(Length(4))); break;
            case PickleCode.BinPut: Remember(Length(1)); break;
            case PickleCode.LongBinPut: Remember(Length(4)); break;
            case PickleCode.Memoize: Remember(memo.Count); break;

            case PickleCode.EmptyTuple: Push(Array.Empty<object?>()); break;
            case PickleCode.Tuple: Push(PopMark()); break;
            case PickleCode.Tuple1: Push(PopLast(1)); break;
            case PickleCode.Tuple2: Push(PopLast(2)); break;
            case PickleCode.Tuple3: Push(PopLast(3)); break;
            case PickleCode.EmptyList: Push(new List<object?>()); break;
            case PickleCode.List: Push(new List<object?>(PopMark())); break;
            case PickleCode.Append: Append(); break;
            case PickleCode.Appends: Appends(); break;
            case PickleCode.EmptyDict: Push(new TensorTree()); break;
            case PickleCode.Dict: Push(SetItems(new TensorTree(), PopMark())); break;
            case PickleCode.SetItem: SetItem(); break;
            case PickleCode.SetItems: SetItems(); break;

            case PickleCode.Global: Push(Global(Line(), Line())); break;
            case PickleCode.StackGlobal: Push(StackGlobal(PopLast(2))); break;
            case PickleCode.Inst: throw Refused(Line(), Line());
            case PickleCode.BinPersId: Push(PersistentStorage(Pop())); break;
            case PickleCode.Reduce: Push(Call(PopLast(2))); break;
            case PickleCode.Build: Build(Pop()); break;
            default:
                throw Error($"refused the pickle instruction {PickleCode.Name(code)} (0x{code:x2})");
        }
        return true;
    }

    private void CheckProtocol()
    {
        var protocol = Take(1, "the protocol")[0];
        if (protocol > NewestProtocol) throw Error($"pickle protocol {protocol}; at most {NewestProtocol} is known");
    }

    private void CheckFrame()
    {
        var length = BinaryPrimitives.ReadUInt64LittleEndian(Take(8, "a frame"));
        if (length > (ulong)(bytes.Length - at))
            throw Error($"a frame of {length} bytes, where {bytes.Length - at} are left");
    }

    private readonly void CheckEnd()
    {
        if (stack.Count != 1 || marks.Count != 0)
            throw Error($"the pickle ends with {stack.Count} values and {marks.Count} marks; one value was due");
    }

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > bytes.Length - at)
            throw file.Error(origin + at, $"{what} ends early: {count} bytes were due, {bytes.Length - at} are left");
        var taken = bytes.Slice(at, count);
        at += count;
        return taken;
    }

    /// <summary>A length or an index of so many bytes; one that an int cannot hold is too large for any use.</summary>
    private int Length(int size)
    {
        ulong length = 0;
        var digits = Take(size, "a length");
        for (var i = size - 1; i >= 0; i--) length = (length << 8) | digits[i];
        return length <= int.MaxValue ? (int)length : throw Error($"a length or index of {length}");
    }

    private ReadOnlySpan<byte> Bytes(int length)
    {
        if (length > bytes.Length - at) throw Error($"a string of {length} bytes, where {bytes.Length - at} are left");
        return length <= LongestText
            ? Take(length, "a string")
            : throw Error($"a string of {length} bytes; at most {LongestText} are read");
    }

    private string Text(int length)
    {
        var text = Bytes(length);
        return FileText.FirstInvalidUtf8(text) is >= 0 and var bad
            ? throw file.Error(origin + at - length + bad, "a string is not valid UTF-8")
            : Encoding.UTF8.GetString(text);
    }

    private object Integer(int length)
    {
        if (length > LongestInteger) throw Error($"an integer of {length} bytes; at most {LongestInteger} are read");
        var value = new BigInteger(Take(length, "an integer"));
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    private string Line()
    {
        var rest = bytes[at..];
        var end = rest[..Math.Min(rest.Length, LongestName)].IndexOf((byte)'\n');
        if (end < 0) throw Error($"the name of a global has no end within {LongestName} bytes");
        at += end + 1;
        return Encoding.Latin1.GetString(rest[..end]);
    }

    private readonly FileFormatException Error(string problem) => file.Error(origin + codeAt, problem);
}
