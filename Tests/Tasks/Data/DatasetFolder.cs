using Diffract.Tasks;

namespace Diffract.Tests.Tasks;

/// <summary>A folder of tiny pictures and annotations, laid out by a test.</summary>
internal abstract class DatasetFolder
{
    protected TemporaryFolder Folder { get; private set; } = null!;

    [NUnit.Framework.SetUp]
    public void MakeFolder() => Folder = new TemporaryFolder();

    [NUnit.Framework.TearDown]
    public void RemoveFolder() => Folder.Dispose();

    protected ImageDataset Train => Datasets.Open(Folder.Path, DatasetPart.Train);

    protected ImageDataset Test => Datasets.Open(Folder.Path, DatasetPart.Test);

    protected void Put(params string[] names)
    {
        foreach (var name in names) PngWriter.Save(Folder[name], Pictures.Pattern(3, 2));
    }

    protected void Write(string name, params string[] lines)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Folder[name])!);
        File.WriteAllLines(Folder[name], lines);
    }

    protected static string[] Ids(ImageDataset data) => [.. Enumerable.Range(0, data.Count).Select(data.Id)];

    protected static int[] Labels(ImageDataset data) => [.. Enumerable.Range(0, data.Count).Select(data.Label)];

    protected static void Fails(Func<object> open, string problem) => NUnit.Framework.Assert.That(open,
        NUnit.Framework.Throws.TypeOf<DatasetException>().With.Message.EqualTo(problem));
}
