using System.Buffers.Binary;
using System.Text;

namespace Diffract.Engine;

/// <summary>Writes a zip archive of uncompressed entries, whose data begin at multiples of 64 bytes as PyTorch's do, so
/// that a reader can map them. Records for more than 4 GiB (zip64) are written where they are needed.</summary>
/// <remarks>Source: PKWARE's APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3. The padding is an
/// extra field of PyTorch's own, <c>FB</c>.</remarks>
internal sealed class ZipWriter(Stream stream)
{
    private const int Alignment = 64;
    private const int ChecksumAt = 14;          // in a local header
    private const ushort Utf8Names = 0x0800;
    private const ushort FirstDay = 0x0021;     // 1 January 1980, so that the same tensors give the same file

    private readonly MemoryStream directory = new();
    private long entries;

    /// <summary>Adds an entry.</summary>
    /// <param name="name">Path in the archive.</param>
    /// <param name="bytes">Length of the data.</param>
    /// <param name="write">Hands the data to the sink it is given.</param>
    public void Add(string name, long bytes, Action<Action<ReadOnlySpan<byte>>> write)
    {
        var at = stream.Position;
        var header = LocalHeader(name, bytes, at);
        stream.Write(header);
        var checksum = new Crc32();
        var written = 0L;
        write(piece =>
        {
            checksum.Add(piece);
            stream.Write(piece);
            written += piece.Length;
        });
        if (written != bytes) throw new InvalidOperationException($"{name} was to have {bytes} bytes, not {written}");
        Span<byte> value = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(value, checksum.Value);
        var end = stream.Position;
        stream.Position = at + ChecksumAt;
        stream.Write(value);
        stream.Position = end;
        AddToDirectory(name, bytes, at, checksum.Value);
    }

    /// <summary>Adds an entry from memory.</summary>
    public void Add(string name, ReadOnlyMemory<byte> data) => Add(name, data.Length, sink => sink(data.Span));

    /// <summary>Writes the directory; nothing can be added afterwards.</summary>
    public void Finish()
    {
        var start = stream.Position;
        directory.WriteTo(stream);
        var end = new Records();
        if (start > uint.MaxValue - directory.Length || entries >= ushort.MaxValue)
        {
            var at = stream.Position;
            end.U32(0x06064b50).U64(44).U16(45).U16(45).U32(0).U32(0);
            end.U64(entries).U64(entries).U64(directory.Length).U64(start);
            end.U32(0x07064b50).U32(0).U64(at).U32(1);
        }
        var count = (ushort)Math.Min(entries, ushort.MaxValue);
        end.U32(0x06054b50).U16(0).U16(0).U16(count).U16(count);
        end.U32((uint)Math.Min(directory.Length, uint.MaxValue)).U32((uint)Math.Min(start, uint.MaxValue)).U16(0);
        stream.Write(end.Bytes);
    }

    private static ReadOnlySpan<byte> LocalHeader(string name, long bytes, long at)
    {
        var big = bytes >= uint.MaxValue;
        var nameBytes = Encoding.UTF8.GetBytes(name);
        var extra = new Records();
        if (big) extra.U16(1).U16(16).U64(bytes).U64(bytes);
        const int fixedBytes = 30, fieldHeader = 4;
        var dataAt = at + fixedBytes + nameBytes.Length + extra.Bytes.Length + fieldHeader;
        var padding = (int)((Alignment - dataAt % Alignment) % Alignment);
        extra.U16(0x4246).U16((ushort)padding).Fill((byte)'Z', padding);

        var header = new Records();
        header.U32(0x04034b50).U16((ushort)(big ? 45 : 20)).U16(Utf8Names).U16(0).U16(0).U16(FirstDay).U32(0);
        header.U32(big ? uint.MaxValue : (uint)bytes).U32(big ? uint.MaxValue : (uint)bytes);
        header.U16((ushort)nameBytes.Length).U16((ushort)extra.Bytes.Length).Append(nameBytes).Append(extra.Bytes);
        return header.Bytes;
    }

    private void AddToDirectory(string name, long bytes, long at, uint checksum)
    {
        bool big = bytes >= uint.MaxValue, far = at >= uint.MaxValue;
        var extra = new Records();
        if (big || far)
        {
            extra.U16(1).U16((ushort)((big ? 16 : 0) + (far ? 8 : 0)));
            if (big) extra.U64(bytes).U64(bytes);
            if (far) extra.U64(at);
        }
        var size = big ? uint.MaxValue : (uint)bytes;
        var nameBytes = Encoding.UTF8.GetBytes(name);
        var version = (ushort)(big || far ? 45 : 20);
        var record = new Records();
        record.U32(0x02014b50).U16(version).U16(version).U16(Utf8Names).U16(0).U16(0).U16(FirstDay);
        record.U32(checksum).U32(size).U32(size).U16((ushort)nameBytes.Length).U16((ushort)extra.Bytes.Length);
        record.U16(0).U16(0).U16(0).U32(0).U32(far ? uint.MaxValue : (uint)at).Append(nameBytes).Append(extra.Bytes);
        directory.Write(record.Bytes);
        entries++;
    }

    /// <summary>Little-endian fields, one after the other.</summary>
    private sealed class Records
    {
        private readonly List<byte> bytes = [];

        public ReadOnlySpan<byte> Bytes => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes);

        public Records U16(ushort value) => Number(value, 2);

        public Records U32(uint value) => Number(value, 4);

        public Records U64(long value) => Number((ulong)value, 8);

        public Records Append(ReadOnlySpan<byte> more)
        {
            bytes.AddRange(more);
            return this;
        }

        public void Fill(byte value, int count)
        {
            for (var i = 0; i < count; i++) bytes.Add(value);
        }

        private Records Number(ulong value, int length)
        {
            for (var i = 0; i < length; i++) bytes.Add((byte)(value >> (8 * i)));
            return this;
        }
    }
}
