using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class CropDrawTests
{
    [TestCase(500, 375, 64)]
    [TestCase(33, 90, 32)]
    [TestCase(32, 32, 32)]
    [TestCase(7, 9, 32)]
    public void Windows_lie_inside_and_every_scale_and_side_occurs(int width, int height, int size)
    {
        var scales = new HashSet<int>();
        var flips = 0;
        for (var i = 0; i < 2000; i++)
        {
            var random = new SampleRandom(1, 2, (ulong)i);
            var draw = CropDraw.Random(ref random, width, height, size);
            var (scaledWidth, scaledHeight) = Crops.ShortSideSize(width, height, draw.ShortSide);
            Assert.That(draw.Top, Is.InRange(0, scaledHeight - size));
            Assert.That(draw.Left, Is.InRange(0, scaledWidth - size));
            scales.Add(draw.ShortSide);
            flips += draw.Flip ? 1 : 0;
        }
        Assert.That(scales, Is.EquivalentTo(Enumerable.Range(size, (int)Math.Ceiling(size / 0.8) - size + 1)));
        Assert.That(flips, Is.InRange(850, 1150));
    }

    [Test]
    public void Without_random_crops_it_is_the_middle_whether_mirrored_or_not()
    {
        var image = Pictures.Noise(50, 40, seed: 4);
        for (var i = 0ul; i < 20; i++)
        {
            var random = new SampleRandom(1, 2, i);
            var draw = CropDraw.Random(ref random, image.Width, image.Height, 16, crop: false);
            var center = Crops.Center(image, 16);
            Assert.That(Crops.Random(image, 16, draw).Pixels,
                Is.EqualTo((draw.Flip ? center.FlipHorizontal() : center).Pixels));
        }
    }

    [Test]
    public void Bounded_draws_are_even()
    {
        var counts = new int[7];
        var random = new SampleRandom(3, 0, 0);
        for (var i = 0; i < 70_000; i++) counts[random.Next(7)]++;

        Assert.That(counts, Is.All.InRange(9600, 10400));
    }
}
