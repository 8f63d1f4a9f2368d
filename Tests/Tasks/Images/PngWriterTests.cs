using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class PngWriterTests
{
    [TestCase(1, 1)]
    [TestCase(7, 5)]
    [TestCase(64, 48)]
    public void A_picture_reads_back_as_it_was_written(int width, int height)
    {
        foreach (var image in new[] { Pictures.Pattern(width, height), Pictures.Noise(width, height, 3) })
        {
            var back = ImageFile.Decode(PngWriter.Encode(image), "x");
            Assert.That(back.Pixels, Is.EqualTo(image.Pixels));
        }
    }

    [Test]
    public void Grey_and_alpha_read_back()
    {
        using var folder = new TemporaryFolder();
        byte[] samples = [.. Enumerable.Range(0, 24).Select(i => (byte)(i * 9))];

        PngWriter.Save(folder["grey.png"], 4, 6, 1, samples);
        PngWriter.Save(folder["alpha.png"], 2, 3, 4, samples);

        Assert.That(ImageFile.Read(folder["grey.png"]).Pixels, Is.EqualTo(Image.FromGrey(4, 6, samples).Pixels));
        Assert.That(ImageFile.Read(folder["alpha.png"]).Pixels, Is.EqualTo(samples.Where((_, i) => i % 4 != 3)));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(2), "no temporary file stays behind");
    }

    [Test]
    public void A_smooth_picture_becomes_small()
    {
        var image = new Image(128, 128);
        for (var y = 0; y < 128; y++) for (var i = 0; i < 384; i++) image.Row(y)[i] = (byte)(y + i / 3);

        Assert.That(PngWriter.Encode(image), Has.Length.LessThan(image.Pixels.Length / 50));
    }

    [Test]
    public void A_failed_write_leaves_the_old_file()
    {
        using var folder = new TemporaryFolder();
        PngWriter.Save(folder["a.png"], Pictures.Pattern(3, 3));

        Assert.That(() => PngWriter.Save(folder["a.png"], 3, 3, 3, new byte[5]), Throws.TypeOf<ShapeException>());

        Assert.That(ImageFile.Read(folder["a.png"]).Pixels, Is.EqualTo(Pictures.Pattern(3, 3).Pixels));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(1));
    }

    [Test]
    public void Wrong_sizes_are_refused()
    {
        Assert.That(() => PngWriter.Write(Stream.Null, 2, 2, 2, new byte[8]), Throws.TypeOf<ShapeException>());
        Assert.That(() => PngWriter.Write(Stream.Null, 0, 2, 3, []), Throws.TypeOf<ShapeException>());
    }
}
