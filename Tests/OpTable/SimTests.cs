using Diffract.Autograd;
using Diffract.Cases;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.OpTable;

/// <summary>Every row of the op table with a GPU's kernels, on the simulated device: the results and the gradients, and
/// everything the simulation notices about the kernels on the way.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class SimTests
{
    private static IEnumerable<TestCaseData> All() => OpTableTests.Named(Cases.OpTable.All.Where(c => !c.Large));

    private static IEnumerable<TestCaseData> WithGradient() =>
        OpTableTests.Named(Cases.OpTable.All.Where(c => !c.Large && c.HasGradient));

    [TestCaseSource(nameof(All))]
    public void Agrees_with_its_reference(OpCase row)
    {
        var device = new SimDevice();
        foreach (var dtype in row.DTypes.Where(d => d != DType.Float64))
        {
            using var scope = Scope.Open();
            var expected = OpTableTests.Expected(row, row.Make(dtype, Layout.Dense, Device.Cpu));
            var found = row.Run(row.Make(dtype, Layout.Dense, device));
            Assert.That(found.Device, Is.SameAs(device));
            Assert.That(found.Shape, Is.EqualTo(expected.Shape), $"shape in {dtype}");
            Compare.Elements(row, dtype, Naive.Of(found.To(Device.Cpu)).Values, expected.Values, true);
        }
    }

    [TestCaseSource(nameof(All))]
    public void Layout_does_not_change_a_bit(OpCase row)
    {
        var device = new SimDevice();
        using var scope = Scope.Open();
        var dtype = row.DTypes[0];
        var dense = Naive.Of(row.Run(row.Make(dtype, Layout.Dense, device)).To(Device.Cpu)).Values;
        foreach (var layout in new[] { Layout.Window, Layout.Strided })
            Assert.That(Naive.Of(row.Run(row.Make(dtype, layout, device)).To(Device.Cpu)).Values, Is.EqualTo(dense),
                $"{layout}");
    }

    [TestCaseSource(nameof(WithGradient))]
    public void Gradients_agree_with_float64(OpCase row)
    {
        using var scope = Scope.Open();
        var single = Gradients.Of(row, DType.Float32, new SimDevice());
        var both = Gradients.Of(row, DType.Float64, Device.Cpu);
        for (var i = 0; i < both.Length; i++) Compare.Gradient(row, i, single[i], both[i]);
    }
}
