using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

/// <summary>Random tensors: their distribution, and that elements depend on their position alone.</summary>
public sealed class RandomTensorTests
{
    private delegate Tensor Draw(Shape shape, Generator generator, DType dtype, Device device);

    private static readonly object[] draws =
    [
        new TestCaseData((Draw)((s, g, t, d) => Tensor.Rand(s, g, t, d))).SetArgDisplayNames("uniform"),
        new TestCaseData((Draw)((s, g, t, d) => Tensor.Randn(s, g, t, d))).SetArgDisplayNames("normal"),
    ];

    [TestCaseSource(nameof(draws))]
    public void One_call_or_many_give_the_same_numbers(object draw)
    {
        var whole = Numbers((Draw)draw, 3000, new Generator(1));
        var generator = new Generator(1);
        var parts = new[] { 1, 7, 512, 1, 1024, 3, 1452 }.SelectMany(n => Numbers((Draw)draw, n, generator)).ToArray();
        Assert.That(parts, Is.EqualTo(whole));
    }

    [TestCaseSource(nameof(draws))]
    public void Threads_do_not_change_a_bit(object draw)
    {
        var expected = Numbers((Draw)draw, 50_000, new Generator(1));
        foreach (var threads in new[] { 1, 2, 8 })
        {
            using var device = new CpuDevice(threads);
            Assert.That(Numbers((Draw)draw, 50_000, new Generator(1), device), Is.EqualTo(expected));
        }
    }

    [TestCaseSource(nameof(draws))]
    public void Float32_and_float64_agree(object draw)
    {
        using var single = ((Draw)draw)([4099], new Generator(8), DType.Float32, Device.Cpu);
        using var both = ((Draw)draw)([4099], new Generator(8), DType.Float64, Device.Cpu);
        var expected = both.ToArray<double>();
        var found = single.ToArray<float>();
        for (var i = 0; i < found.Length; i++)
            Assert.That(found[i], Is.EqualTo(expected[i]).Within(2e-6), $"element {i}");
    }

    [Test]
    public void Uniform_numbers_are_the_generator_s_own()
    {
        var generator = new Generator(12);
        var expected = Enumerable.Range(0, 100).Select(_ => generator.NextSingle()).ToArray();
        using var tensor = Tensor.Rand([100], new Generator(12));
        Assert.That(tensor.ToArray<float>(), Is.EqualTo(expected));
        Assert.That(expected, Has.All.InRange(0f, 0.99999994f));
    }

    // Bounds are five standard deviations of each estimate for n = 10⁶.
    [Test]
    public void Normal_numbers_have_the_moments_of_a_normal_distribution()
    {
        const int n = 1_000_000;
        var x = Numbers((s, g, t, d) => Tensor.Randn(s, g, t, d), n, new Generator(3));
        double Moment(int power) => x.Sum(v => Math.Pow(v, power)) / n;
        Assert.That(Moment(1), Is.EqualTo(0).Within(0.005));
        Assert.That(Moment(2), Is.EqualTo(1).Within(0.0071));
        Assert.That(Moment(3), Is.EqualTo(0).Within(0.0194));
        Assert.That(Moment(4), Is.EqualTo(3).Within(0.049));
        Assert.That(x.Count(v => Math.Abs(v) > 3) / (double)n, Is.EqualTo(0.0027).Within(0.00026));
        // Neighbours, which come of one pair of words, are not correlated.
        var pairs = Enumerable.Range(0, n / 2).Sum(i => (double)x[2 * i] * x[2 * i + 1]) / (n / 2);
        Assert.That(pairs, Is.EqualTo(0).Within(0.0071));
    }

    [Test]
    public void Mean_and_deviation_are_taken()
    {
        using var tensor = Tensor.Normal([100_000], 5, 0.1, new Generator(2));
        Assert.That(tensor.Mean().Item<float>(), Is.EqualTo(5).Within(0.0016));
        Assert.That(tensor.Var().Item<float>(), Is.EqualTo(0.01).Within(0.00023));
    }

    [TestCase(DType.Float16)]
    [TestCase(DType.BFloat16)]
    public void Sixteen_bit_numbers_are_rounded_float32_ones(DType dtype)
    {
        using var half = Tensor.Randn([100], new Generator(2), dtype);
        using var rounded = Tensor.Randn([100], new Generator(2)).To(dtype);
        Assert.That(half.To(DType.Float32).ToArray<float>(), Is.EqualTo(rounded.To(DType.Float32).ToArray<float>()));
    }

    [Test]
    public void Integers_take_two_words_each_and_stay_in_range()
    {
        var generator = new Generator(6);
        using var tensor = Tensor.RandInt(-3, 5, [10, 100], generator);
        Assert.That(tensor.ToArray<long>(), Has.All.InRange(-3L, 4L));
        Assert.That(tensor.ToArray<long>().Distinct().Count(), Is.EqualTo(8));
        Assert.That(generator.State.Offset, Is.EqualTo(2000));
    }

    [Test]
    public void Dropout_keeps_the_mean_and_the_generator_s_place()
    {
        var generator = new Generator(7);
        using var ones = Tensor.Ones([100_000]);
        using var dropped = ones.Dropout(0.25, generator, training: true);
        Assert.That(dropped.Mean().Item<float>(), Is.EqualTo(1).Within(0.0092));
        Assert.That(dropped.ToArray<float>().Distinct(), Is.EquivalentTo(new[] { 0f, 1 / 0.75f }));
        Assert.That(generator.State.Offset, Is.EqualTo(100_000));
        Assert.That(ones.Dropout(0.25, generator, training: false), Is.SameAs(ones));
        Assert.That(generator.State.Offset, Is.EqualTo(100_000), "nothing is drawn outside training");
        Assert.That(() => ones.Dropout(1.5, generator, true), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(ones.Dropout(1, generator, true).ToArray<float>(), Has.All.EqualTo(0));
    }

    private static float[] Numbers(Draw draw, long count, Generator generator, Device? device = null)
    {
        using var tensor = draw([count], generator, DType.Float32, device ?? Device.Cpu);
        return tensor.ToArray<float>();
    }
}
