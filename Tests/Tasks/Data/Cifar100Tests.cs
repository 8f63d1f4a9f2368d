using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

internal sealed class Cifar100Tests : DatasetFolder
{
    private static byte[] Record(byte coarse, byte fine, byte grey) =>
        [coarse, fine, .. Enumerable.Repeat(grey, 3072)];

    [Test]
    public void The_fine_class_counts()
    {
        Write("fine_label_names.txt", [.. Enumerable.Range(0, 100).Select(i => $"class {i}")]);
        File.WriteAllBytes(Folder["train.bin"], [.. Record(1, 99, 40), .. Record(200, 0, 50)]);
        File.WriteAllBytes(Folder["test.bin"], Record(3, 7, 60));

        Assert.That((Ids(Train), Labels(Train)), Is.EqualTo((new[] { "train.bin#0", "train.bin#1" }, new[] { 99, 0 })));
        Assert.That(Train.Load(1).Pixels, Is.All.EqualTo(50));
        Assert.That((Labels(Test), Test.ClassNames[7]), Is.EqualTo((new[] { 7 }, "class 7")));
    }

    [Test]
    public void Damage_is_named()
    {
        File.WriteAllBytes(Folder["train.bin"], Record(1, 100, 40));
        File.WriteAllBytes(Folder["test.bin"], new byte[3073]);
        Fails(() => Train, $"{Folder["fine_label_names.txt"]}: there is no such file");
        Write("fine_label_names.txt", "apple");
        Fails(() => Train,
            $"{Folder["fine_label_names.txt"]}: the names of 100 classes are expected, found 1");
        Write("fine_label_names.txt", [.. Enumerable.Range(0, 100).Select(i => $"class {i}")]);
        Assert.That(() => Train, Throws.TypeOf<FileFormatException>()
            .With.Message.EqualTo($"{Folder["train.bin"]}: byte 1: labels go from 0 to 99, found 100"));
        Assert.That(() => Test, Throws.TypeOf<FileFormatException>().With.Message.EqualTo(
            $"{Folder["test.bin"]}: byte 3073: the file does not end after a whole record of 3074 bytes"));
    }
}
