using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class CropsTests
{
    [Test]
    public void Crops_have_the_bits_of_the_published_data_loader()
    {
        using var fixture = new GoldenFixture("preprocess/crops");
        Image Stored(string name) => new(fixture[name].Shape.Int(1), fixture[name].Shape.Int(0),
            fixture[name].ToArray<byte>());

        var cases = fixture.Names.Where(name => name.EndsWith(".rgb", StringComparison.Ordinal))
            .Select(name => name[..^".rgb".Length]).ToArray();
        Assert.That(cases, Is.Not.Empty);
        foreach (var name in cases)
        {
            var image = Stored($"{name}.rgb");
            var center = Stored($"{name}.center_crop");
            var size = center.Width;
            var draws = fixture[$"{name}.random_draws"].ToArray<long>();
            var draw = new CropDraw((int)draws[0], (int)draws[1], (int)draws[2], Flip: false);

            Assert.Multiple(() =>
            {
                Assert.That(Crops.Halve(image, size).Pixels, Is.EqualTo(Stored($"{name}.after_box").Pixels), name);
                Assert.That(Crops.ShortSide(image, size).Pixels,
                    Is.EqualTo(Stored($"{name}.after_bicubic").Pixels), name);
                Assert.That(Crops.Center(image, size).Pixels, Is.EqualTo(center.Pixels), name);
                Assert.That(Crops.Random(image, size, draw).Pixels,
                    Is.EqualTo(Stored($"{name}.random_crop").Pixels), name);
            });
            using var input = NetworkInput.FromImages(center);
            fixture.Check($"{name}.network_input", ToPlanes(input.ToArray<float>()));
        }
        fixture.AssertAllUsed();
    }

    private static double[] ToPlanes(float[] pixels) =>
        [.. Enumerable.Range(0, 3).SelectMany(c => pixels.Where((_, i) => i % 3 == c).Select(v => (double)v))];

    [TestCase(4, 6, 3, 3, 4, Description = "4.5 rounds to the even 4")]
    [TestCase(4, 10, 3, 3, 8, Description = "7.5 rounds to the even 8")]
    [TestCase(33, 90, 32, 32, 87)]
    [TestCase(200, 140, 32, 46, 32)]
    [TestCase(5, 1, 8, 40, 8)]
    public void The_short_side_is_exact_and_the_long_one_rounded_to_even(
        int width, int height, int size, int newWidth, int newHeight)
    {
        var image = Crops.ShortSide(new Image(width, height), size);

        Assert.That((image.Width, image.Height), Is.EqualTo((newWidth, newHeight)));
        Assert.That(Crops.ShortSideSize(width, height, size), Is.EqualTo((newWidth, newHeight)));
    }

    [Test]
    public void A_mirrored_crop_is_the_crop_mirrored()
    {
        var image = Pictures.Noise(40, 30, seed: 5);

        var plain = Crops.Random(image, 16, new(20, 3, 5, Flip: false));
        var mirrored = Crops.Random(image, 16, new(20, 3, 5, Flip: true));

        Assert.That(mirrored.Pixels, Is.Not.EqualTo(plain.Pixels));
        Assert.That(mirrored.FlipHorizontal().Pixels, Is.EqualTo(plain.Pixels));
        Assert.That(() => Crops.Random(image, 16, new(20, 5, 5, false)), Throws.TypeOf<ShapeException>());
    }

    [Test]
    public void Bytes_survive_the_way_to_numbers_and_back()
    {
        var image = new Image(16, 16);
        for (var i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)i;

        using var batch = NetworkInput.FromImages(image, image);

        Assert.That(batch.Shape, Is.EqualTo(Shape.Of(2, 16, 16, 3)));
        Assert.That(batch.ToArray<float>().Take(256), Is.EqualTo(Enumerable.Range(0, 256).Select(i => i / 127.5f - 1)));
        Assert.That(NetworkInput.ToImages(batch)[1].Pixels, Is.EqualTo(image.Pixels));
    }

    [Test]
    public void Numbers_outside_the_range_are_limited()
    {
        using var batch = Tensor.From<float>([-7, 7, float.NaN], [1, 1, 1, 3]);

        Assert.That(NetworkInput.ToImages(batch)[0].Pixels, Is.EqualTo(new byte[] { 0, 255, 0 }));
    }

    [Test]
    public void Pictures_of_a_batch_have_one_size() =>
        Assert.That(() => NetworkInput.FromImages(new Image(2, 2), new Image(3, 2)), Throws.TypeOf<ShapeException>());
}
