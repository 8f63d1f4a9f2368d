using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Ptx;

/// <summary>Kernels that a method writes as text: they do what the method says, and NVIDIA's assembler takes them.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class PtxWriterTests
{
    private const int Count = 96;

    private readonly struct Sizes(int first, float factor)
    {
        public readonly int First = first;
        public readonly float Factor = factor;
    }

    [Test]
    public void Arithmetic_is_what_it_says() => Check(
        (k, i, x) => ((i * 3 + 7 >> 1) - 4 ^ 5).To(PtxNumber.F32) * x + (i % 8 / 2).To(PtxNumber.F32),
        (i, x) => ((i * 3 + 7 >> 1) - 4 ^ 5) * x + i % 8 / 2);

    [Test]
    public void Predicates_choose() => Check(
        (k, i, x) => (i < 5 | !(i < 60) | i.EqualTo(33) & i.UnequalTo(34)).Choose(x, k.Single(2.5f)),
        (i, x) => i < 5 || i >= 60 || i == 33 ? x : 2.5f);

    [Test]
    public void Branches_part_and_meet() => Check((k, i, x) =>
    {
        var y = k.Variable(PtxNumber.F32);
        k.If((i & 1).EqualTo(0), () => k.Set(y, x + x), () => k.Set(y, x * x));
        k.If(i > 40, () => k.Set(y, y - x));
        return y;
    }, (i, x) => (i % 2 == 0 ? x + x : x * x) - (i > 40 ? x : 0));

    [Test]
    public void Loops_run_on_the_device() => Check((k, i, x) =>
    {
        var y = k.Variable(PtxNumber.F32, k.Single(0));
        k.For(0, i, 2, _ => k.Set(y, y + x));
        var left = k.Variable(PtxNumber.S32, i);
        k.While(() => left > 3, () =>
        {
            k.Set(left, left - 3);
            k.Set(y, y + k.Single(1));
        });
        return y;
    }, (i, x) =>
    {
        float y = 0;
        for (var n = 0; n < i; n += 2) y += x;
        for (var left = i; left > 3; left -= 3) y++;
        return y;
    });

    [Test]
    public void Shared_memory_is_asked_for_at_launch() => Check((k, i, x) =>
    {
        k.Shared(20);
        var shared = k.Shared(4 * 96, 16);
        Assert.That(k.SharedBytes, Is.EqualTo(32 + 4 * 96));
        k.Store("shared", shared + k.Thread * 4, x);
        k.Barrier();
        return k.Load(PtxNumber.F32, "shared", shared + (k.Thread ^ 1) * 4);
    }, (i, x) => Input(i ^ 1));

    [TestCase(75, "6.3")]
    [TestCase(80, "7.0")]
    [TestCase(86, "7.1")]
    [TestCase(89, "7.8")]
    [TestCase(90, "7.8")]
    public void The_header_is_the_oldest_that_knows_the_device(int architecture, string version) => Assert.That(
        new PtxWriter("k", 32, architecture).Text(),
        Does.StartWith($".version {version}\n.target sm_{architecture}\n"));

    [Test]
    public void A_kernel_may_ask_for_another_header() => Assert.That(
        new PtxWriter("k", 32, 90) { Version = "8.0", Target = "90a" }.Text(),
        Does.StartWith(".version 8.0\n.target sm_90a\n"));

    [Test]
    public void Types_do_not_mix()
    {
        var k = new PtxWriter("k", 32, 80);
        Assert.That(() => k.Thread + k.Variable(PtxNumber.U64), Throws.InvalidOperationException);
        Assert.That(() => k.Thread + k.Variable(PtxNumber.F32), Throws.InvalidOperationException);
    }

    private static float Input(int i) => i * 0.375f - 3;

    private static void Check(Func<PtxWriter, PtxValue, PtxValue, PtxValue> body, Func<int, float, float> expected)
    {
        var kernel = new GeneratedKernel("Test.Kernel", 96, architecture =>
        {
            var k = new PtxWriter("Kernel", 96, architecture);
            var (x, y, sizes) = (k.Parameter<nint>("x"), k.Parameter<nint>("y"), k.Struct<Sizes>("sizes"));
            var i = k.Thread.Seen(PtxNumber.S32);
            var at = (i + sizes(nameof(Sizes.First))).Wide(4).Seen(PtxNumber.U64);
            var loaded = k.Load(PtxNumber.F32, "global", x + at);
            k.Store("global", y + at, body(k, i, loaded) * sizes(nameof(Sizes.Factor)));
            return k;
        });
        using var scope = Scope.Open();
        var device = new SimDevice();
        var input = Tensor.From(Enumerable.Range(0, Count).Select(Input).ToArray(), [Count]).To(device);
        var output = Tensor.Empty([Count], DType.Float32, device);
        kernel.Launch(device, (1, 1, 1), new GpuArguments().Put(input.View.Address).Put(output.View.Address)
            .Put(new Sizes(0, 2)));
        Assert.That(output.To(Device.Cpu).ToArray<float>(),
            Is.EqualTo(Enumerable.Range(0, Count).Select(i => 2 * expected(i, Input(i)))));
        if (Assembler.Path is not null)
            foreach (var architecture in new[] { 75, 80, 90 })
                Assert.That(Assembler.Run([kernel.For(architecture).Text], architecture)[0].Stack, Is.Zero);
    }
}
