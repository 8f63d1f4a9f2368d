using System.Buffers.Binary;
using System.Text;

namespace Diffract.Tasks;

/// <summary>A message in Protocol Buffers' encoding, field after field: a key (number · 8 + wire type), then the value.
/// </summary>
internal sealed class ProtobufMessage
{
    private const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;

    private readonly List<byte> bytes = [];

    /// <summary>An <c>int64</c>.</summary>
    public ProtobufMessage Add(int field, long value)
    {
        Key(field, Varint);
        Number((ulong)value);
        return this;
    }

    /// <summary>A <c>double</c>.</summary>
    public ProtobufMessage Add(int field, double value)
    {
        Key(field, Fixed64);
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(number, value);
        bytes.AddRange(number);
        return this;
    }

    /// <summary>A <c>float</c>.</summary>
    public ProtobufMessage Add(int field, float value)
    {
        Key(field, Fixed32);
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(number, value);
        bytes.AddRange(number);
        return this;
    }

    /// <summary>A <c>string</c>.</summary>
    public ProtobufMessage Add(int field, string value) => Add(field, Encoding.UTF8.GetBytes(value));

    /// <summary>A message in this one.</summary>
    public ProtobufMessage Add(int field, ProtobufMessage value) => Add(field, value.ToArray());

    /// <summary>The encoded message.</summary>
    public byte[] ToArray() => [.. bytes];

    private ProtobufMessage Add(int field, byte[] value)
    {
        Key(field, Bytes);
        Number((ulong)value.Length);
        bytes.AddRange(value);
        return this;
    }

    private void Key(int field, int wireType) => Number((ulong)(field << 3 | wireType));

    // Seven bits a byte, the lowest first; the eighth says that more follow.
    private void Number(ulong value)
    {
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
    }
}
