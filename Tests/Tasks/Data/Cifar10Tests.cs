using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class Cifar10Tests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    private static byte[] Record(byte label, Image image)
    {
        var record = new byte[3073];
        record[0] = label;
        for (var i = 0; i < 1024; i++) for (var c = 0; c < 3; c++) record[1 + c * 1024 + i] = image.Pixels[3 * i + c];
        return record;
    }

    [Test]
    public void Records_of_all_batches_become_pictures()
    {
        var images = Enumerable.Range(0, 5).Select(seed => Pictures.Noise(32, 32, seed)).ToArray();
        File.WriteAllBytes(folder["data_batch_2.bin"], [.. Record(9, images[3]), .. Record(0, images[4])]);
        File.WriteAllBytes(folder["data_batch_1.bin"],
            [.. Record(1, images[0]), .. Record(2, images[1]), .. Record(3, images[2])]);
        File.WriteAllBytes(folder["test_batch.bin"], Record(5, images[0]));

        var data = Datasets.Open(folder.Path, DatasetPart.Train);

        Assert.That(data.Count, Is.EqualTo(5));
        Assert.That(Enumerable.Range(0, 5).Select(data.Label), Is.EqualTo(new[] { 1, 2, 3, 9, 0 }));
        for (var i = 0; i < 5; i++) Assert.That(data.Load(i).Pixels, Is.EqualTo(images[i].Pixels));
        Assert.That(data.Id(4), Is.EqualTo("data_batch_2.bin#1"));
        Assert.That(data.ClassNames[9], Is.EqualTo("truck"));
        Assert.That(Cifar10.Open(folder.Path, train: false).Label(0), Is.EqualTo(5));
    }

    [Test]
    public void Truncated_and_foreign_files_say_where()
    {
        var path = folder["test_batch.bin"];
        File.WriteAllBytes(path, new byte[5000]);
        Assert.That(() => Cifar10.Open(folder.Path, false), Throws.TypeOf<FileFormatException>()
            .With.Message.EqualTo($"{path}: byte 5000: the file does not end after a whole record of 3073 bytes"));
        File.WriteAllBytes(path, [.. Record(1, Pictures.Noise(32, 32, 1)), .. Record(77, Pictures.Noise(32, 32, 1))]);
        Assert.That(() => Cifar10.Open(folder.Path, false), Throws.TypeOf<FileFormatException>()
            .With.Message.EqualTo($"{path}: byte 3073: labels go from 0 to 9, found 77"));
        Assert.That(() => Cifar10.Open(folder.Path, true), Throws.TypeOf<DatasetException>()
            .With.Message.Contains("data_batch_1.bin"));
        File.Delete(path);
        Assert.That(() => Cifar10.Open(folder.Path, false), Throws.TypeOf<DatasetException>()
            .With.Message.EqualTo($"{path}: there is no such file"));
    }
}
