using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Tests.House;
using Diffract.Tests.OpTable;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>Every kernel that the op table launches compiles for every architecture, and NVIDIA's assembler keeps it in
/// registers.</summary>
public sealed class AssemblerTests
{
    private static readonly string page = Path.Combine(Source.Root, "docs", "kernels.md");
    private static readonly Lazy<IReadOnlyList<IGpuKernel>> kernels = new(Launched);

    [TestCase(75)]
    [TestCase(80)]
    [TestCase(86)]
    [TestCase(89)]
    [TestCase(90)]
    public void Every_kernel_is_compiled_and_assembled(int architecture)
    {
        // Older chips multiply without tensor cores.
        var some = kernels.Value.Where(k => architecture >= 80 || k is GpuKernel).ToList();
        var texts = some.Select(k => k.For(architecture).Text).ToList();
        if (Assembler.Path is null)
            Assert.Ignore("there is no ptxas: kernels were compiled, not assembled; DIFFRACT_PTXAS says where one is");
        var results = Assembler.Run(texts, architecture);
        Assert.That(some.Zip(results).Where(k => k.Second.Stack > 0 || k.Second.Spills > 0).Select(k =>
            $"{Full(k.First)}: {k.Second.Stack} bytes of stack, {k.Second.Spills} bytes spilled"), Is.Empty);
        if (architecture == 80) CheckPage(some.Zip(results));
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

    private static List<IGpuKernel> Launched()
    {
        var device = new RecordingDevice();
        foreach (var row in Cases.OpTable.All.Where(c => !c.Large))
        {
            using var scope = Scope.Open();
            foreach (var dtype in row.DTypes.Where(d => d != DType.Float64))
                row.Run(row.Make(dtype, Cases.Layout.Dense, device));
            if (!row.HasGradient) continue;
            foreach (var dtype in row.DTypes.Where(d => d is DType.Float32 or DType.Float16))
                Gradients.Of(row, dtype, device);
        }
        return [.. device.Kernels.OrderBy(Full, StringComparer.Ordinal)];
    }
}
