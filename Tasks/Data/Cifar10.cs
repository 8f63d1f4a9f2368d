using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>CIFAR-10 in its binary version: records of one label byte and 3072 bytes, the red, green and blue planes of
/// 32x32 pixels (Krizhevsky 2009). As image files in class folders it is an <see cref="ImageFolder"/>.</summary>
public sealed class Cifar10 : ImageDataset
{
    private const int Side = 32;
    private const int Plane = Side * Side;
    private const int Record = 1 + Image.Channels * Plane;

    private static readonly string[] names =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    private readonly List<(string Name, byte[] Records, int First)> files = [];

    private Cifar10(IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            var records = Read(path);
            files.Add((Path.GetFileName(path), records, Count));
            Count += records.Length / Record;
        }
    }

    /// <summary>Opens one half of a folder with data_batch_1.bin … data_batch_5.bin and test_batch.bin.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="train">True for the training pictures (all data batches), false for the test pictures.</param>
    /// <exception cref="DatasetException">A file is missing or cannot be read.</exception>
    /// <exception cref="FileFormatException">A file is truncated or of another kind.</exception>
    public static Cifar10 Open(string folder, bool train)
    {
        if (!Directory.Exists(folder)) throw new DatasetException($"{folder}: there is no such folder");
        var paths = train ? [.. Directory.GetFiles(folder, "data_batch_*.bin").Order(StringComparer.Ordinal)]
            : new[] { Path.Combine(folder, "test_batch.bin") };
        if (paths.Length == 0) throw new DatasetException($"{folder}: the files data_batch_1.bin … are missing");
        return new(paths);
    }

    /// <summary>Whether a folder holds files of this kind.</summary>
    public static bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, "test_batch.bin")) || File.Exists(Path.Combine(folder, "data_batch_1.bin"));

    /// <inheritdoc/>
    public override int Count { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => names;

    /// <inheritdoc/>
    public override int Label(int index) => Find(index, out _)[0];

    /// <inheritdoc/>
    public override string Id(int index)
    {
        Find(index, out var id);
        return id;
    }

    /// <inheritdoc/>
    public override Image Load(int index)
    {
        var planes = Find(index, out _)[1..];
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
        return records.AsSpan((index - first) * Record, Record);
    }

    private static byte[] Read(string path)
    {
        byte[] records;
        try
        {
            records = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(e is FileNotFoundException ? $"{path}: there is no such file"
                : $"{path}: the file cannot be read ({e.Message})", e);
        }
        if (records.Length == 0 || records.Length % Record != 0)
            throw new FileFormatException(
                path, records.Length, $"the file does not end after a whole record of {Record} bytes");
        for (var at = 0; at < records.Length; at += Record)
        {
            if (records[at] >= names.Length)
                throw new FileFormatException(path, at, $"labels go from 0 to 9, found {records[at]}");
        }
        return records;
    }
}
