using System.Buffers.Binary;
using System.IO.Compression;
using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class IdxDatasetTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    private static byte[] Idx(int[] lengths, byte[] elements)
    {
        var file = new byte[4 + 4 * lengths.Length];
        (file[2], file[3]) = (8, (byte)lengths.Length);
        for (var i = 0; i < lengths.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 + 4 * i), lengths[i]);
        return [.. file, .. elements];
    }

    private static byte[] Gzip(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.Fastest)) zip.Write(bytes);
        return packed.ToArray();
    }

    private void Put(string ending, Func<byte[], byte[]> pack)
    {
        byte[] pixels = [.. Enumerable.Range(0, 3 * 4 * 2).Select(i => (byte)(i * 10))];
        File.WriteAllBytes(folder["train-images-idx3-ubyte" + ending], pack(Idx([3, 4, 2], pixels)));
        File.WriteAllBytes(folder["train-labels-idx1-ubyte" + ending], pack(Idx([3], [2, 0, 1])));
    }

    [Test]
    public void Pictures_are_padded_and_their_grey_repeated([Values] bool gzip)
    {
        if (gzip) Put(".gz", Gzip); else Put("", bytes => bytes);

        var data = IdxDataset.Open(folder.Path, train: true, padTo: 6);

        Assert.That(data.Count, Is.EqualTo(3));
        Assert.That(data.ClassNames, Is.EqualTo(new[] { "0", "1", "2" }));
        Assert.That(Enumerable.Range(0, 3).Select(data.Label), Is.EqualTo(new[] { 2, 0, 1 }));
        Assert.That(data.Id(1), Does.EndWith("#1"));
        var image = data.Load(1);
        Assert.That((image.Width, image.Height), Is.EqualTo((6, 6)));
        Assert.That(image.Row(0).ToArray(), Is.All.Zero);
        Assert.That(image.Row(1).ToArray(),
            Is.EqualTo(new byte[] { 0, 0, 0, 0, 0, 0, 80, 80, 80, 90, 90, 90, 0, 0, 0, 0, 0, 0 }));
        Assert.That(IdxDataset.Open(folder.Path, train: true, padTo: 0).Load(0).Height, Is.EqualTo(4));
        Assert.That(Datasets.Open(folder.Path, DatasetPart.Train), Is.TypeOf<IdxDataset>());
    }

    [Test]
    public void A_truncated_file_says_where_it_ends()
    {
        Put("", bytes => bytes);
        var path = folder["train-images-idx3-ubyte"];
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..30]);

        Assert.That(() => IdxDataset.Open(folder.Path, true), Throws.TypeOf<FileFormatException>().With.Message.EqualTo(
            $"{path}: byte 30: the file ends too early, 10 of 24 elements are missing"));
        File.WriteAllBytes(path, [0, 0, 8]);
        Assert.That(() => IdxDataset.Open(folder.Path, true), Throws.TypeOf<FileFormatException>()
            .With.Message.Contains("byte 3: the file ends inside its header"));
    }

    [Test]
    public void A_truncated_gzip_file_is_refused()
    {
        Put(".gz", Gzip);
        var path = folder["train-images-idx3-ubyte.gz"];
        var whole = File.ReadAllBytes(path);
        foreach (var length in new[] { 0, 5, 20, whole.Length - 12 })
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.That(() => IdxDataset.Open(folder.Path, true),
                Throws.InstanceOf<DiffractException>().With.Message.StartsWith(path), $"{length} bytes");
        }
    }

    [Test]
    public void What_is_not_such_a_file_is_refused()
    {
        Put("", bytes => bytes);
        var path = folder["train-images-idx3-ubyte"];
        void Refused(byte[] file, string problem)
        {
            File.WriteAllBytes(path, file);
            Assert.That(() => IdxDataset.Open(folder.Path, true),
                Throws.InstanceOf<DiffractException>().With.Message.Contains(problem));
        }

        Refused([1, 2, .. new byte[30]], "byte 0: an idx file starts with two zero bytes");
        Refused([0, 0, 13, 3, .. new byte[30]], "byte 2: only unsigned bytes (8) are read, found type 13");
        Refused(Idx([3], [1, 2, 3, .. new byte[30]]), "byte 3: 3 axes are expected, found 1");
        Refused(Idx([3, 4, 2], new byte[25]), "byte 40: the file goes on after its 24 elements");
        Refused(Idx([1 << 20, 1 << 20, 4], []), "byte 8: axis 1 has 1048576 elements");
        Refused(Idx([-1, 4, 2], []), "byte 4: axis 0 has 4294967295 elements");
        Refused(Idx([2, 4, 2], new byte[16]), "has 2 pictures, but");
    }

    [Test]
    public void A_header_that_lies_about_the_number_takes_no_memory()
    {
        Put("", bytes => bytes);
        File.WriteAllBytes(folder["train-images-idx3-ubyte"], Idx([1 << 20, 32, 32], [1, 2, 3]));
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.That(() => IdxDataset.Open(folder.Path, true), Throws.TypeOf<FileFormatException>());

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(4 << 20));
    }

    [Test]
    public void A_missing_file_is_named()
    {
        Put("", bytes => bytes);

        Assert.That(() => IdxDataset.Open(folder.Path, train: false), Throws.TypeOf<DatasetException>()
            .With.Message.EqualTo($"{folder.Path}: the file t10k-images-idx3-ubyte (or .gz) is missing"));
    }
}
