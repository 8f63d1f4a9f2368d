using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>CIFAR-10 in its binary version: records of one label byte and 3072 bytes, the red, green and blue planes of
/// 32x32 pixels (Krizhevsky 2009). As image files in class folders it is an <see cref="ImageFolder"/>.</summary>
public sealed class Cifar10 : ImageDataset
{
    private static readonly string[] names =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    private readonly CifarRecords records;

    private Cifar10(IEnumerable<string> paths) => records = new(paths, labelBytes: 1, names.Length);

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
    public override int Count => records.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => names;

    /// <inheritdoc/>
    public override int Label(int index) => records.Label(index);

    /// <inheritdoc/>
    public override string Id(int index) => records.Id(index);

    /// <inheritdoc/>
    public override Image Load(int index) => records.Load(index);
}
