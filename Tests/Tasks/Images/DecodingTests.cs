using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class DecodingTests
{
    private static IEnumerable<string> Files() => Directory.GetFiles(Pictures.Folder)
        .Select(file => Path.GetFileName(file)!)
        .Where(name => File.Exists(Path.Combine(Pictures.Folder, name + ".png")))
        .Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Files))]
    public void A_file_decodes_to_the_colours_that_Pillow_converts_it_to(string name)
    {
        var image = ImageFile.Read(Path.Combine(Pictures.Folder, name));
        var expected = ImageFile.Read(Path.Combine(Pictures.Folder, name + ".png"));

        Assert.That((image.Width, image.Height), Is.EqualTo((expected.Width, expected.Height)));
        var worst = image.Pixels.Zip(expected.Pixels, (a, b) => Math.Abs(a - b)).Max();
        // Lossless formats are exact. The JPEG standard leaves the rounding of the inverse transform and of the
        // enlarging of the colour planes to the decoder.
        Assert.That(worst, Is.LessThanOrEqualTo(name.EndsWith(".jpg", StringComparison.Ordinal) ? 3 : 0));
    }

    [Test]
    public void Sixteen_bit_grey_keeps_its_upper_byte()
    {
        var png = Pictures.Png(2, 1, depth: 16, colour: 0, interlace: 0, [0, 0x12, 0xFF, 0xFE, 0x00]);

        Assert.That(ImageFile.Decode(png, "x").Pixels, Is.EqualTo(new byte[] { 0x12, 0x12, 0x12, 0xFE, 0xFE, 0xFE }));
    }

    [Test]
    public void Grey_of_few_bits_is_stretched_to_the_whole_range()
    {
        var png = Pictures.Png(4, 1, depth: 2, colour: 0, interlace: 0, [0, 0b00_01_10_11]);

        Assert.That(ImageFile.Decode(png, "x").Pixels, Is.EqualTo(Image.FromGrey(4, 1, [0, 85, 170, 255]).Pixels));
    }

    [TestCase(1, 1)]
    [TestCase(3, 2)]
    [TestCase(5, 7)]
    [TestCase(9, 8)]
    [TestCase(20, 13)]
    public void An_interlaced_png_decodes_to_the_same_pixels(int width, int height)
    {
        var image = Pictures.Noise(width, height, seed: 1);
        var rows = new List<byte>();
        (int X, int Y, int StepX, int StepY)[] passes =
            [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        foreach (var (left, top, stepX, stepY) in passes)
        {
            if (left >= width) continue;
            for (var y = top; y < height; y += stepY)
            {
                rows.Add(0);
                for (var x = left; x < width; x += stepX) rows.AddRange(image.Row(y).Slice(3 * x, 3));
            }
        }

        var decoded = ImageFile.Decode(Pictures.Png(width, height, 8, 2, interlace: 1, [.. rows]), "x");

        Assert.That(decoded.Pixels, Is.EqualTo(image.Pixels));
    }

    [Test]
    public void What_follows_the_end_of_an_image_is_ignored()
    {
        foreach (var name in new[] { "baseline.jpg", "alpha.png", "palette.gif", "rgb.bmp" })
        {
            var file = File.ReadAllBytes(Path.Combine(Pictures.Folder, name));
            var longer = ImageFile.Decode([.. file, 0xFF, 0xD8, 1, 2, 3], name);
            Assert.That(longer.Pixels, Is.EqualTo(ImageFile.Decode(file, name).Pixels), name);
        }
    }

    [Test]
    public void Many_threads_decode_the_same_pixels_at_once()
    {
        var names = Files().ToArray();
        var alone = names.Select(name => ImageFile.Read(Path.Combine(Pictures.Folder, name)).Pixels).ToArray();
        var together = new byte[8 * names.Length][];

        Parallel.For(0, together.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
            together[i] = ImageFile.Read(Path.Combine(Pictures.Folder, names[i % names.Length])).Pixels);

        for (var i = 0; i < together.Length; i++) Assert.That(together[i], Is.EqualTo(alone[i % names.Length]));
    }

    [Test]
    public void The_content_decides_about_the_format_and_not_the_name()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["photo.jpg"], PngWriter.Encode(Pictures.Pattern(4, 3)));

        Assert.That(ImageFile.Read(folder["photo.jpg"]).Pixels, Is.EqualTo(Pictures.Pattern(4, 3).Pixels));
    }
}
