using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>CIFAR-100 in its binary version, with its 100 fine classes: records of a coarse and a fine label byte and
/// 3072 bytes, the red, green and blue planes of 32x32 pixels (Krizhevsky 2009).</summary>
public sealed class Cifar100 : ImageDataset
{
    private const int Classes = 100;
    private const string NameFile = "fine_label_names.txt";

    private readonly CifarRecords records;

    private Cifar100(string path, string[] names) =>
        (records, ClassNames) = (new([path], labelBytes: 2, Classes), names);

    /// <summary>Opens one half of a folder with train.bin, test.bin and fine_label_names.txt.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="train">True for the training pictures, false for the test pictures.</param>
    /// <exception cref="DatasetException">A file is missing or cannot be read.</exception>
    /// <exception cref="FileFormatException">A file is truncated or of another kind.</exception>
    public static Cifar100 Open(string folder, bool train)
    {
        var path = Path.Combine(folder, NameFile);
        string[] names = [.. AnnotationFile.Lines(path).Select(line => line.Text)];
        return names.Length == Classes ? new(Path.Combine(folder, train ? "train.bin" : "test.bin"), names)
            : throw new DatasetException($"{path}: the names of {Classes} classes are expected, found {names.Length}");
    }

    /// <summary>Whether a folder holds files of this kind.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, NameFile))
        || File.Exists(Path.Combine(folder, "train.bin")) && File.Exists(Path.Combine(folder, "test.bin"));

    /// <inheritdoc/>
    public override int Count => records.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public override int Label(int index) => records.Label(index);

    /// <inheritdoc/>
    public override string Id(int index) => records.Id(index);

    /// <inheritdoc/>
    public override Image Load(int index) => records.Load(index);
}
