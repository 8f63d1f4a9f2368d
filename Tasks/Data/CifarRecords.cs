using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Pictures in the binary files of CIFAR: records of some label bytes and 3072 bytes, the red, green and blue
/// planes of 32x32 pixels.</summary>
internal sealed class CifarRecords
{
    private const int Side = 32;
    private const int Plane = Side * Side;

    private readonly List<(string Name, byte[] Records, int First)> files = [];
    private readonly int labelBytes, record;

    /// <summary>Reads the files.</summary>
    /// <param name="paths">Their order is that of the pictures.</param>
    /// <param name="labelBytes">Label bytes of a record; the last one is the class.</param>
    /// <param name="classes">Number of classes.</param>
    public CifarRecords(IEnumerable<string> paths, int labelBytes, int classes)
    {
        (this.labelBytes, record) = (labelBytes, labelBytes + Image.Channels * Plane);
        foreach (var path in paths)
        {
            var records = AnnotationFile.Bytes(path);
            if (records.Length == 0 || records.Length % record != 0)
                throw new FileFormatException(
                    path, records.Length, $"the file does not end after a whole record of {record} bytes");
            for (var at = labelBytes - 1; at < records.Length; at += record)
                if (records[at] >= classes)
                    throw new FileFormatException(path, at, $"labels go from 0 to {classes - 1}, found {records[at]}");
            files.Add((Path.GetFileName(path), records, Count));
            Count += records.Length / record;
        }
    }

    /// <summary>Number of pictures.</summary>
    public int Count { get; }

    /// <summary>The class of a picture.</summary>
    public int Label(int index) => Find(index, out _)[labelBytes - 1];

    /// <summary>File and number in it.</summary>
    public string Id(int index)
    {
        Find(index, out var id);
        return id;
    }

    /// <summary>The picture.</summary>
    public Image Load(int index)
    {
        var planes = Find(index, out _)[labelBytes..];
        var image = new Image(Side, Side);
        for (var i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = planes[i % Image.Channels * Plane + i / Image.Channels];
        return image;
    }

    private ReadOnlySpan<byte> Find(int index, out string id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        var (name, records, first) = files.FindLast(file => file.First <= index);
        id = $"{name}#{index - first}";
        return records.AsSpan((index - first) * record, record);
    }
}
