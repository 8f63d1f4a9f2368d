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
        using var scope = Scope.Open();
        var (rows, columns, depth) = shape switch { 0 => (72, 80, 48), 1 => (5, 3, 7), _ => (67, 130, 101) };
        Check(numbers, MmaTile.Small, rows, columns, depth, transposeA, transposeB);
    }

    private static void Check(MmaNumbers numbers, MmaTile tile, int rows, int columns, int depth,
        bool transposeA, bool transposeB, DType? result = null)
    {
        var device = new SimDevice();
        var a = MmaLab.Make(numbers, 1, transposeA ? [depth, rows] : [rows, depth], device);
        var b = MmaLab.Make(numbers, 2, transposeB ? [columns, depth] : [depth, columns], device);
        var c = Tensor.Empty([rows, columns], result ?? numbers.Stored(), device);
        MatMul.RunMma(device, new()
        {
            A = a.View,
            B = b.View,
            C = c.View,
            Rows = rows,
            Columns = columns,
            Depth = depth,
            TransposeA = transposeA,
            TransposeB = transposeB,
        }, numbers, tile);
        MmaLab.Compare(numbers, c, depth, (a, b, _, _) => a.MatMul(b, transposeA, transposeB), a, b);
    }
}
