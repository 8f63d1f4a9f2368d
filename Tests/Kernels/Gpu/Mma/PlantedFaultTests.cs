using System.Text.RegularExpressions;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Engine.Sim;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>Faults as one makes them in such kernels, one at a time: each gives a wrong result, or the simulated device
/// names it.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed partial class PlantedFaultTests
{
    private static readonly (string Name, Func<string, string> Plant)[] faults =
    [
        ("no barrier", text => text.Replace("bar.sync 0;", "", StringComparison.Ordinal)),
        ("waits for one slice too few", text => Once(text, "wait_group 2;", "wait_group 3;")),
        ("does not wait", text => Once(text, "cp.async.wait_group 2;", "")),
        ("does not close a group", text => Last(text, "cp.async.commit_group;", "")),
        ("overwrites the slice that is read", text => Once(text, Stage(3), Stage(0))),
        ("a wrong lane has the address", text => Regex.Replace(text, @"and\.b32 (%r\d+), (%r\d+), 15;",
            "and.b32 $1, $2, 7;")),
        ("chunks are written without exchange", text => Once(text, "xor.b32", "or.b32")),
        ("halves of a fragment are exchanged", text => Regex.Replace(text,
            @"(ldmatrix[^{]*\{%r\d+), (%r\d+), (%r\d+), (%r\d+)\}", "$1, $3, $2, $4}")),
        ("one fragment is read from the next rows", text => Last(text, "+256];", "+384];")),
        ("borders are not zeros", text => Regex.Replace(text, @"selp\.b32 (%r\d+), 16, 0, %p\d+;",
            "mov.b32 $1, 16;")),
        ("the last channels are not cut", text => Last(text, "setp.lt.s32", "setp.ne.s32")),
        ("strides are exchanged", text => Swap(text, "Window.StrideH.Length", "Window.StrideW.Length")),
        ("paddings are exchanged", text => Swap(text, "Window.PaddingH", "Window.PaddingW")),
        ("height and width are exchanged", text => Swap(text, "Window.ImageHeight", "Window.ImageWidth")),
        ("the grid's height and width are exchanged",
            text => Swap(text, "Window.GridHeight.Length", "Window.GridWidth.Length")),
        ("the kernel's columns are its lines", text => Swap(text, "Window.DilationH", "Window.DilationW")),
        ("rows of the result overlap", text => Swap(text, "LeadResult", "Rows")),
        ("a product is left out", text => Last(text, "mma.sync", "// mma.sync")),
        ("products take the wrong fragment", text => MultiplyFirst().Replace(text, "$1$3, $2", 1).Replace(", }", "}")),
        ("the pointer to the next slice does not come round", text => Last(text, "selp.b32", "// selp.b32")),
    ];

    private static IEnumerable<string> Names => faults.Select(f => f.Name);

    [Test]
    public void Without_a_fault_all_is_well() => Assert.That(Error(text => text), Is.Null);

    [TestCaseSource(nameof(Names))]
    public void Is_noticed(string name)
    {
        var plant = faults.First(f => f.Name == name).Plant;
        Assert.That(Error(text =>
        {
            var changed = plant(text);
            Assert.That(changed, Is.Not.EqualTo(text), "the fault finds no place");
            return changed;
        }), Is.Not.Null);
    }

    // A strided convolution with borders, of an oblong image with channels for more slices than there are stages.
    private static string? Error(Func<string, string> plant)
    {
        using var scope = Scope.Open();
        var sim = new SimDevice();
        var g = Conv2dGeometry.Of([2, 7, 12, 24], [40, 24, 3, 2], (2, 1), (1, 0), (1, 2), 1);
        var x = MmaLab.Make(MmaNumbers.Float16, 1, [2, 7, 12, 24], sim);
        var weight = MmaLab.Make(MmaNumbers.Float16, 2, [40, 24, 3, 2], sim);
        var y = Tensor.Empty(g.OutShape, DType.Float32, sim);
        try
        {
            Conv2d.ForwardMma(new PlantingDevice(sim, plant, "Mma.Product"), new()
            {
                Input = x.View,
                Weight = weight.View,
                Output = y.View,
                Geometry = g,
            }, MmaNumbers.Float16, MmaTile.Small with { DepthBytes = 64 });
            var expected = MmaLab.Doubles(x.To(Device.Cpu).To(DType.Float64)
                .Conv2d(weight.To(Device.Cpu).To(DType.Float64), null, g.Stride, g.Padding, g.Dilation));
            var most = MmaLab.Doubles(y).Zip(expected, (a, b) => Math.Abs(a - b)).Max();
            // Sums of 144 products below 1, of float32 additions.
            return most < 1e-4 ? null : $"off by {most}";
        }
        catch (SimException e)
        {
            return e.Message;
        }
    }

    private static string Once(string text, string from, string to)
    {
        var at = text.IndexOf(from, StringComparison.Ordinal);
        return at < 0 ? text : text[..at] + to + text[(at + from.Length)..];
    }

    private static string Last(string text, string from, string to)
    {
        var at = text.LastIndexOf(from, StringComparison.Ordinal);
        return at < 0 ? text : text[..at] + to + text[(at + from.Length)..];
    }

    private static string Stage(int stage) => $", {stage * (MmaTile.Small with { DepthBytes = 64 }).StageBytes};";

    // Wherever one field is read, the other is.
    private static string Swap(string text, string one, string other)
    {
        string first = $"[sizes+{Offset(one)}]", second = $"[sizes+{Offset(other)}]";
        return text.Replace(first, "[?]", StringComparison.Ordinal)
            .Replace(second, first, StringComparison.Ordinal).Replace("[?]", second, StringComparison.Ordinal);
    }

    private static long Offset(string path) => PtxWriter.Locate(typeof(MmaSizes), path).Offset;

    [GeneratedRegex(@"(mma\.sync\S+ \{[^}]*\}, \{[^}]*\}, \{)(%r\d+, )(%r\d+)")]
    private static partial Regex MultiplyFirst();
}
