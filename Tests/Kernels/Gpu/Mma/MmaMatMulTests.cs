using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>Matrix products on the tensor cores against products in double precision of the same, rounded numbers.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class MmaMatMulTests
{
    private static readonly MmaNumbers[] all = Enum.GetValues<MmaNumbers>();

    [Test]
    public void Agrees_with_float64([ValueSource(nameof(all))] MmaNumbers numbers, [Values] bool transposeA,
        [Values] bool transposeB, [Values(0, 1, 2)] int shape)
    {
        var (rows, columns, depth) = shape switch { 0 => (72, 80, 48), 1 => (5, 3, 7), _ => (67, 130, 101) };
        MmaLab.Check(numbers, MmaTile.Small, rows, columns, depth, transposeA, transposeB);
    }
}
