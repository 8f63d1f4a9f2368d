using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Hopper;

/// <summary>Boxes of places cover a grid with as few as can be.</summary>
internal sealed class HopperBoxTests
{
    [TestCase(256, 256, 1, 128, 1, 1, 512)]
    [TestCase(64, 64, 2, 64, 2, 1, 64)]
    [TestCase(16, 16, 1, 16, 8, 1, 2)]
    [TestCase(8, 8, 4, 8, 8, 2, 2)]
    [TestCase(20, 20, 8, 4, 4, 8, 25)]
    [TestCase(1, 1, 300, 1, 1, 128, 3)]
    public void Few_cover_the_grid(int width, int height, int images, int w, int h, int n, int count)
    {
        var box = HopperBox.Of(128, width, height, images);
        Assert.That((box.Width, box.Height, box.Images, box.Count), Is.EqualTo((w, h, n, count)));
        Assert.That((1 << box.WidthBits, 1 << box.HeightBits), Is.EqualTo((w, h)));
    }
}
