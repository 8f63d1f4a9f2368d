using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Tests.House;
using Diffract.Tests.Kernels.Gpu.Hopper;
using Diffract.Tests.OpTable;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>Every kernel that the op table launches, and every one that a generator writes, compiles for every
/// architecture, and NVIDIA's assembler keeps it in registers.</summary>
public sealed class AssemblerTests
{
    // Bytes of shared memory that a block may have on any of them: 99 KiB.
    private const int MostShared = 99 * 1024;

    private static readonly string page = Path.Combine(Source.Root, "docs", "kernels.md");
    private static readonly Lazy<IReadOnlyList<IGpuKernel>> kernels = new(All);

    [TestCase(75)]
    [TestCase(80)]
    [TestCase(86)]
    [TestCase(89)]
    [TestCase(90)]
    public void Every_kernel_is_compiled_and_assembled(int architecture)
    {
        // Older chips multiply without tensor cores.
        var some = kernels.Value.Where(k => architecture >= 80 || k is GpuKernel).ToList();
        Assert.That(some.Where(k => k.SharedFor(architecture) > MostShared).Select(k => k.Name), Is.Empty);
        var texts = some.Select(k => k.For(architecture).Text).ToList();
        if (Assembler.Path is null)
            Assert.Ignore("there is no ptxas: kernels were compiled, not assembled; DIFFRACT_PTXAS says where one is");
        var results = Assembler.Run(texts, architecture);
        Assert.That(some.Zip(results).Where(k => k.Second.Stack > 0 || k.Second.Spills > 0).Select(k =>
            $"{Full(k.First)}: {k.Second.Stack} bytes of stack, {k.Second.Spills} bytes spilled"), Is.Empty);
        if (architecture != 80) return;
        var hopper = HopperTextTests.Kernels;
        CheckPage(some.Zip(results).Concat(hopper.Zip(Assembler.Run([.. hopper.Select(k => k.For(90).Text)], 90))));
    }

    [Test]
    public void The_table_launches_kernels() => Assert.That(kernels.Value, Has.Count.GreaterThan(200));

    private static void CheckPage(IEnumerable<(IGpuKernel, Assembled)> results)
    {
        var text = KernelsPage.Text(results);
        if (Environment.GetEnvironmentVariable("DIFFRACT_UPDATE_DOCS") == "1") File.WriteAllText(page, text);
        Assert.That(File.Exists(page) ? File.ReadAllText(page) : "", Is.EqualTo(text),
            "docs/kernels.md is out of date; the page itself says how to make it anew");
    }

    private static string Full(IGpuKernel kernel) =>
        kernel is GpuKernel { Method: var method } ? $"{method.DeclaringType}.{method.Name}" : kernel.Name;

    private static List<IGpuKernel> All()
    {
        var device = new RecordingDevice();
        foreach (var row in Cases.OpTable.All.Where(c => !c.Large))
        {
            using var scope = Scope.Open();
            foreach (var dtype in row.DTypes.Where(d => d != DType.Float64))
                row.Run(row.Make(dtype, Cases.Layout.Dense, device));
            if (!row.HasGradient) continue;
            foreach (var dtype in row.DTypes.Intersect([DType.Float32, DType.Float16]))
                Gradients.Of(row, dtype, device);
        }
        DType[] halves = [DType.Float16, DType.BFloat16];
        foreach (var type in halves.Append(DType.Float32)) ConvolveForNorm(device, type);
        var attention = halves.SelectMany(type => new[] { 32, 64, 128 }.SelectMany(
            width => FlashAttention.Kernels(type, width)));
        return [.. device.Kernels.Union(attention).OrderBy(Full, StringComparer.Ordinal)];
    }

    // A convolution that leaves a norm its sums, and norms whose threads have eight channels.
    private static void ConvolveForNorm(Device device, DType type)
    {
        using var scope = Scope.Open();
        var x = Tensor.Zeros([1, 8, 8, 16], type, device);
        x.Conv2d(Tensor.Zeros([16, 16, 3, 3], type, device), padding: 1, feedsNorm: true);
        x.RequiresGrad = true;
        foreach (var silu in new[] { true, false })
            x.GroupNorm(2, null, null, silu: silu).Backward(Tensor.Zeros(x.Shape, type, device));
    }
}
