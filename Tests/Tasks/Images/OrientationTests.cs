using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class OrientationTests
{
    // The stored picture that should be seen as
    //     A B C
    //     D E F
    // under each orientation, row by row (EXIF 2.3, figure 4).
    private static readonly Dictionary<Orientation, string[]> stored = new()
    {
        [Orientation.TopLeft] = ["ABC", "DEF"],
        [Orientation.TopRight] = ["CBA", "FED"],
        [Orientation.BottomRight] = ["FED", "CBA"],
        [Orientation.BottomLeft] = ["DEF", "ABC"],
        [Orientation.LeftTop] = ["AD", "BE", "CF"],
        [Orientation.RightTop] = ["CF", "BE", "AD"],
        [Orientation.RightBottom] = ["FC", "EB", "DA"],
        [Orientation.LeftBottom] = ["DA", "EB", "FC"],
    };

    private static Image Picture(string[] rows) =>
        Image.FromGrey(rows[0].Length, rows.Length, [.. string.Concat(rows).Select(letter => (byte)letter)]);

    [Test]
    public void Every_orientation_is_turned_upright([Values] Orientation orientation)
    {
        var seen = Picture(stored[orientation]).Upright(orientation);

        Assert.That((seen.Width, seen.Height), Is.EqualTo((3, 2)));
        Assert.That(seen.Pixels, Is.EqualTo(Picture(["ABC", "DEF"]).Pixels));
    }

    private static byte[] Tiff(bool little, int value) => little
        ? [.. "II"u8, 42, 0, 8, 0, 0, 0, 2, 0, 0x0F, 1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0,
            0x12, 1, 3, 0, 1, 0, 0, 0, (byte)value, 0, 0, 0, 0, 0, 0, 0]
        : [.. "MM"u8, 0, 42, 0, 0, 0, 8, 0, 2, 1, 0x0F, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0,
            1, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)value, 0, 0, 0, 0, 0, 0];

    private static byte[] JpegWith(byte[] tiff)
    {
        var file = File.ReadAllBytes(Path.Combine(Pictures.Folder, "baseline.jpg"));
        var length = 2 + 6 + tiff.Length;
        return [.. file[..2], 0xFF, 0xE1, (byte)(length >> 8), (byte)length, .. "Exif\0\0"u8, .. tiff, .. file[2..]];
    }

    [Test]
    public void The_tag_of_a_jpeg_is_applied_and_can_be_ignored([Values] bool little, [Values] Orientation orientation)
    {
        var file = JpegWith(Tiff(little, (int)orientation + 1));
        var asStored = ImageFile.Read(Path.Combine(Pictures.Folder, "baseline.jpg"));

        Assert.That(ImageFile.ReadHeader(file, "x").Orientation, Is.EqualTo(orientation));
        Assert.That(ImageFile.Decode(file, "x").Pixels, Is.EqualTo(asStored.Upright(orientation).Pixels));
        Assert.That(ImageFile.Decode(file, "x", new() { ApplyOrientation = false }).Pixels,
            Is.EqualTo(asStored.Pixels));
    }

    [Test]
    public void The_tag_of_a_png_is_applied()
    {
        var file = Pictures.Png(2, 1, 8, 0, 0, [0, 10, 20], ("eXIf", Tiff(little: false, 6)));

        var image = ImageFile.Decode(file, "x");

        Assert.That((image.Width, image.Height), Is.EqualTo((1, 2)));
        Assert.That(image.Pixels, Is.EqualTo(new byte[] { 10, 10, 10, 20, 20, 20 }));
    }

    [TestCase(0)]
    [TestCase(9)]
    public void A_value_that_means_nothing_is_ignored(int value) =>
        Assert.That(Exif.ReadOrientation(Tiff(little: true, value)), Is.EqualTo(Orientation.TopLeft));

    [Test]
    public void A_malformed_block_is_ignored()
    {
        var whole = Tiff(little: true, 6);
        for (var length = 0; length < 34; length++)
            Assert.That(Exif.ReadOrientation(whole.AsSpan(0, length)), Is.EqualTo(Orientation.TopLeft), $"{length}");
        whole[4] = 0xFF;
        Assert.That(Exif.ReadOrientation(whole), Is.EqualTo(Orientation.TopLeft));
    }
}
