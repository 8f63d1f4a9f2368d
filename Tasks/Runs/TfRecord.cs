using System.Buffers.Binary;
using System.Numerics;

namespace Diffract.Tasks;

/// <summary>The records that TensorBoard's event files consist of, as TensorFlow's TFRecord format has them: length
/// (uint64), masked CRC-32C of the length, data, masked CRC-32C of the data; little-endian.</summary>
internal static class TfRecord
{
    private const int HeadBytes = 12, FootBytes = 4;

    /// <summary>A record with its frame.</summary>
    public static byte[] Of(ReadOnlySpan<byte> data)
    {
        var record = new byte[HeadBytes + data.Length + FootBytes];
        BinaryPrimitives.WriteInt64LittleEndian(record, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), Masked(record.AsSpan(0, 8)));
        data.CopyTo(record.AsSpan(HeadBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(HeadBytes + data.Length), Masked(data));
        return record;
    }

    /// <summary>CRC-32C: reflected polynomial 0x82F63B78 (Castagnoli), begun and ended with all bits turned.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    // A checksum of data that contain checksums would say little: the format turns it and adds a constant.
    private static uint Masked(ReadOnlySpan<byte> bytes) =>
        unchecked(BitOperations.RotateRight(Crc32C(bytes), 15) + 0xA282EAD8);
}
