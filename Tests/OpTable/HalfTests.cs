using Diffract.Autograd;
using Diffract.Cases;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.OpTable;

/// <summary>Kernels that read and write 16-bit floats give what the float32 ones give on widened numbers.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class HalfTests
{
    private static readonly DType[] halves = [DType.Float16, DType.BFloat16];

    private static IEnumerable<TestCaseData> All() => OpTableTests.Named(Rows);

    private static IEnumerable<TestCaseData> WithGradient() => OpTableTests.Named(Rows.Where(c => c.HasGradient));

    private static IEnumerable<OpCase> Rows =>
        Cases.OpTable.All.Where(c => !c.Large && c.DTypes.Contains(DType.Float16));

    [TestCaseSource(nameof(All))]
    public void Results_are_the_rounded_ones_of_float32(OpCase row)
    {
        var device = new SimDevice();
        foreach (var half in halves)
        {
            using var scope = Scope.Open();
            var inputs = row.Make(half, Layout.Dense, device);
            var found = row.Run(inputs);
            var wide = row.Run([.. inputs.Select(Wide)]);
            Assert.That(Numbers(found), Is.EqualTo(Numbers(wide.To(found.DType))), $"{half}");
        }
    }

    private static Tensor? Wide(Tensor? x) => x is not null && x.DType.IsHalf() ? x.To(DType.Float32) : x;

    private static double[] Numbers(Tensor x) => Naive.Of(x.To(Device.Cpu)).Values;
}
