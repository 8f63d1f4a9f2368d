using System.Buffers.Binary;

namespace Diffract.Tasks;

/// <summary>Walks over the bytes of a file and never past them: a read beyond the end is an error that says where.
/// </summary>
internal ref struct ByteReader(ReadOnlySpan<byte> file)
{
    private readonly ReadOnlySpan<byte> file = file;

    /// <summary>Offset of the next byte.</summary>
    public int Position { get; private set; }

    public readonly int Length => file.Length;

    public readonly int Left => file.Length - Position;

    public readonly ReadOnlySpan<byte> Rest => file[Position..];

    public byte U8() => Take(1)[0];

    public int U16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public int U16Little() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint U32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public uint U32Little() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public int I32Little() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public ReadOnlySpan<byte> Take(long count)
    {
        if (count > Left) throw Problem(file.Length, $"the file ends too early, {count - Left} bytes are missing");
        var bytes = file.Slice(Position, (int)count);
        Position += (int)count;
        return bytes;
    }

    public void Skip(long count) => Take(count);

    public static InvalidDataException Problem(long offset, string what) => new($"byte {offset}: {what}");
}
