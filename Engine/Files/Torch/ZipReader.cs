using System.Buffers.Binary;
using System.Text;

namespace Diffract.Engine;

/// <summary>A file in a zip archive.</summary>
/// <param name="At">First byte of its data.</param>
/// <param name="Bytes">Number of bytes.</param>
/// <param name="Checksum">CRC-32 of the data, as the archive says.</param>
/// <param name="Method">How the data are compressed; 0 when they are not.</param>
internal readonly record struct ZipEntry(long At, long Bytes, uint Checksum, int Method);

/// <summary>Reads the directory of a zip archive, small or larger than 4 GiB (zip64), so that data which are not
/// compressed can be used where they lie.</summary>
/// <remarks>Source: PKWARE's APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3.</remarks>
internal sealed class ZipReader
{
    private const uint LocalHeader = 0x04034b50, DirectoryRecord = 0x02014b50, End = 0x06054b50;
    private const uint End64 = 0x06064b50, End64Locator = 0x07064b50;
    private const int LocalBytes = 30, RecordBytes = 46, EndBytes = 22, End64Bytes = 56, LocatorBytes = 20;
    private const int LongestComment = ushort.MaxValue;
    private const ushort Encrypted = 1;

    private readonly FileBytes file;
    private readonly OrderedDictionary<string, ZipEntry> entries = new(StringComparer.Ordinal);
    private long directoryAt;

    private ZipReader(FileBytes file) => this.file = file;

    /// <summary>True when a file starts as an archive with entries does.</summary>
    public static bool Recognises(FileBytes file) =>
        file.Length >= 4 && U32(file.Slice(0, 4, "a signature"), 0) == LocalHeader;

    /// <summary>The entries by name, in the archive's order; folders are left out.</summary>
    public static OrderedDictionary<string, ZipEntry> Read(FileBytes file)
    {
        var reader = new ZipReader(file);
        reader.ReadDirectory();
        return reader.entries;
    }

    private void ReadDirectory()
    {
        var endAt = FindEnd();
        var end = file.Slice(endAt, EndBytes, "the end of the archive's directory");
        long count = U16(end, 10), bytes = U32(end, 12);
        directoryAt = U32(end, 16);
        var limit = endAt;
        if (endAt >= LocatorBytes
            && file.Slice(endAt - LocatorBytes, LocatorBytes, "the zip64 locator") is var locator
            && U32(locator, 0) == End64Locator)
        {
            limit = (long)BinaryPrimitives.ReadUInt64LittleEndian(locator[8..]);
            var end64 = file.Slice(limit, End64Bytes, "the end of the zip64 directory");
            if (U32(end64, 0) != End64)
                throw file.Error(limit, "the end of the zip64 directory is not where it should be");
            (count, bytes, directoryAt) = (Long(end64, 32), Long(end64, 40), Long(end64, 48));
        }
        if (directoryAt < 0 || bytes < 0 || directoryAt > limit || bytes > limit - directoryAt)
            throw file.Error(endAt, $"the archive's directory, {bytes} bytes at {directoryAt}, is not inside the file");
        var at = directoryAt;
        for (long i = 0; i < count; i++) at += ReadRecord(at, directoryAt + bytes);
        if (at != directoryAt + bytes) throw file.Error(at, "the archive's directory is longer than its entries");
    }

    private long FindEnd()
    {
        var length = Math.Min(file.Length, EndBytes + LongestComment);
        var tail = file.Slice(file.Length - length, length, "the end of the archive");
        for (var at = tail.Length - EndBytes; at >= 0; at = tail[..(at + 3)].LastIndexOf("PK\x05\x06"u8))
            if (U32(tail, at) == End && at + EndBytes + U16(tail, at + 20) == tail.Length)
                return file.Length - length + at;
        throw file.Error(file.Length, "a zip archive without its directory: it is truncated");
    }

    private long ReadRecord(long at, long end)
    {
        if (end - at < RecordBytes) throw file.Error(at, "the archive's directory ends within an entry");
        var record = file.Slice(at, RecordBytes, "an entry of the archive");
        if (U32(record, 0) != DirectoryRecord) throw file.Error(at, "not an entry of the archive's directory");
        int nameBytes = U16(record, 28), extraBytes = U16(record, 30), commentBytes = U16(record, 32);
        var whole = (long)RecordBytes + nameBytes + extraBytes + commentBytes;
        if (whole > end - at) throw file.Error(at, "the archive's directory ends within an entry");
        var nameUtf8 = file.Slice(at + RecordBytes, nameBytes, "a name");
        if (FileText.FirstInvalidUtf8(nameUtf8) >= 0)
            throw file.Error(at + RecordBytes, "an entry's name is not UTF-8");
        var name = Encoding.UTF8.GetString(nameUtf8);
        if ((U16(record, 8) & Encrypted) != 0) throw file.Error(at, $"the entry {FileText.Quote(name)} is encrypted");
        long packed = U32(record, 20), bytes = U32(record, 24), localAt = U32(record, 42);
        ReadExtra(at + RecordBytes + nameBytes, extraBytes, ref bytes, ref packed, ref localAt);
        var method = U16(record, 10);
        if (packed < 0 || (method == 0 && packed != bytes))
            throw file.Error(at, $"the entry {FileText.Quote(name)} is stored, but as {packed} bytes of {bytes}");
        var dataAt = DataAt(localAt, nameUtf8, name);
        if (packed > directoryAt - dataAt)
            throw file.Error(at, $"the entry {FileText.Quote(name)}, {packed} bytes at {dataAt}, is not inside "
                + "the file");
        if (!name.EndsWith('/') && !entries.TryAdd(name, new ZipEntry(dataAt, packed, U32(record, 16), method)))
            throw file.Error(at, $"the entry {FileText.Quote(name)} appears twice");
        return whole;
    }

    // Extra field 1 holds, in this order, those of the three numbers that do not fit 32 bits.
    private void ReadExtra(long at, int bytes, ref long length, ref long packed, ref long localAt)
    {
        var extra = file.Slice(at, bytes, "an extra field");
        while (extra.Length >= 4)
        {
            int id = U16(extra, 0), size = U16(extra, 2);
            if (size > extra.Length - 4) throw file.Error(at, "an extra field is longer than its entry");
            var field = extra.Slice(4, size);
            extra = extra[(4 + size)..];
            if (id != 1) continue;
            if (!TakeLong(ref field, ref length)
                || !TakeLong(ref field, ref packed)
                || !TakeLong(ref field, ref localAt))
                throw file.Error(at, "a zip64 field is too short");
        }
    }

    private static bool TakeLong(ref ReadOnlySpan<byte> field, ref long number)
    {
        if (number != uint.MaxValue) return true;
        if (field.Length < sizeof(long)) return false;
        number = Long(field, 0);
        field = field[sizeof(long)..];
        return true;
    }

    private long DataAt(long at, ReadOnlySpan<byte> nameUtf8, string name)
    {
        var header = file.Slice(at, LocalBytes, "an entry of the archive");
        if (U32(header, 0) != LocalHeader)
            throw file.Error(at, $"the entry {FileText.Quote(name)} does not begin here");
        int nameBytes = U16(header, 26), extraBytes = U16(header, 28);
        if (!file.Slice(at + LocalBytes, nameBytes, "a name").SequenceEqual(nameUtf8))
            throw file.Error(at + LocalBytes, $"the entry {FileText.Quote(name)} has another name here than in the "
                + "directory");
        return at + LocalBytes + nameBytes + extraBytes;
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long Long(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}
