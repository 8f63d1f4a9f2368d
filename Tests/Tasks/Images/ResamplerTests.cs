using System.Globalization;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class ResamplerTests
{
    private static IEnumerable<TestCaseData> Cases() => File.ReadLines(Path.Combine(Pictures.Folder, "resize.txt"))
        .Where(line => line[0] != '#')
        .Select(line => line.Split(' '))
        .Select(f => new TestCaseData(int.Parse(f[0]), int.Parse(f[1]), int.Parse(f[2]), int.Parse(f[3]),
            Enum.Parse<Resampling>(f[4]), uint.Parse(f[5], NumberStyles.HexNumber)));

    [AnyWidth]
    [TestCaseSource(nameof(Cases))]
    public void Resizing_gives_the_bits_of_Pillow(
        int width, int height, int newWidth, int newHeight, Resampling kernel, uint crc)
    {
        var resized = Pictures.Pattern(width, height).Resize(newWidth, newHeight, kernel);

        Assert.That((resized.Width, resized.Height), Is.EqualTo((newWidth, newHeight)));
        Assert.That(Crc32.Of(resized.Pixels), Is.EqualTo(crc));
    }

    [Test]
    public void A_plain_surface_stays_plain([Values] Resampling kernel, [Values(1, 9, 50)] int to)
    {
        var image = new Image(23, 17);
        Array.Fill(image.Pixels, (byte)201);

        Assert.That(image.Resize(to, to, kernel).Pixels, Is.All.EqualTo(201));
    }

    [Test]
    public void Halving_with_a_box_is_the_mean_of_four()
    {
        var image = Pictures.Noise(32, 20, seed: 2);

        var half = image.Resize(16, 10, Resampling.Box);

        for (var y = 0; y < 10; y++)
        {
            for (var i = 0; i < 48; i++)
            {
                var x = i / 3 * 6 + i % 3;
                // Rows first, rounded to a byte, then columns.
                var top = (image.Row(2 * y)[x] + image.Row(2 * y)[x + 3] + 1) >> 1;
                var bottom = (image.Row(2 * y + 1)[x] + image.Row(2 * y + 1)[x + 3] + 1) >> 1;
                Assert.That(half.Row(y)[i], Is.EqualTo((top + bottom + 1) >> 1));
            }
        }
    }
}
