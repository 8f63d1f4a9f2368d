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

    [Test]
    public void Tiles_agree_with_float64([ValueSource(nameof(all))] MmaNumbers numbers, [Values(0, 1, 2)] int tile,
        [Values] bool transposed)
    {
        using var scope = Scope.Open();
        MmaTile[] tiles = [MmaTile.Large, MmaTile.Medium, MmaTile.Paired];
        Check(numbers, tiles[tile], 136, 264, 72, transposed, !transposed);
    }

    [Test]
    public void Whatever_is_added_is_added([ValueSource(nameof(all))] MmaNumbers numbers,
        [Values(DType.Float32, null)] DType? result, [Values] bool halfBias, [Values(16, 9)] int columns,
        [Values(40, 2100)] int depth)
    {
        using var scope = Scope.Open();
        Check(numbers, null, 19, columns, depth, false, true, result, 0.5f, 2, halfBias);
    }

    [Test]
    public void Batches_share_operands([ValueSource(nameof(all))] MmaNumbers numbers, [Values] bool sharesA)
    {
        using var scope = Scope.Open();
        var device = new SimDevice();
        var a = MmaLab.Make(numbers, 1, sharesA ? [1, 20, 24] : [3, 20, 24], device);
        var b = MmaLab.Make(numbers, 2, sharesA ? [3, 24, 16] : [1, 24, 16], device);
        var c = Tensor.Empty([3, 20, 16], numbers.Stored(), device);
        MatMul.RunMma(device, new()
        {
            A = a.View,
            B = b.View,
            C = c.View,
            Rows = 20,
            Columns = 16,
            Depth = 24,
            Batch = 3,
            StepA = sharesA ? 0 : 20 * 24,
            StepB = sharesA ? 24 * 16 : 0,
            StepC = 20 * 16,
        }, numbers);
        MmaLab.Compare(numbers, c, 24, (a, b, _, _) => a.MatMul(b), a, b);
    }

    [Test]
    public void Parts_of_a_long_sum_come_out_the_same_every_time()
    {
        using var scope = Scope.Open();
        var first = Check(MmaNumbers.Float16, null, 24, 40, 4096, false, true);
        Assert.That(Check(MmaNumbers.Float16, null, 24, 40, 4096, false, true), Is.EqualTo(first));
    }

    [TestCase(MatMulPrecision.Exact, 0, 1e-6)]
    [TestCase(MatMulPrecision.Tf32x3, 0, 1e-6)]
    [TestCase(MatMulPrecision.Tf32, 1e-5, 2e-3)]
    public void A_device_multiplies_floats_as_exactly_as_it_says(MatMulPrecision precision, double least, double most)
    {
        using var scope = Scope.Open();
        var device = new SimDevice { MatMulPrecision = precision };
        var a = MmaLab.Make(MmaNumbers.Tf32Pairs, 1, [40, 64], Device.Cpu);
        var b = MmaLab.Make(MmaNumbers.Tf32Pairs, 2, [64, 40], Device.Cpu);
        var expected = MmaLab.Doubles(a.To(DType.Float64).MatMul(b.To(DType.Float64)));
        var found = MmaLab.Doubles(a.To(device).MatMul(b.To(device)));
        var error = Math.Sqrt(found.Zip(expected, (x, y) => (x - y) * (x - y)).Sum() / expected.Sum(y => y * y));
        Assert.That(error, Is.InRange(least, most));
    }

    [Test]
    public void Without_tensor_cores_short_floats_are_widened()
    {
        using var scope = Scope.Open();
        var device = new SimDevice(75) { MatMulPrecision = MatMulPrecision.Tf32 };
        var (a, b) = (MmaLab.Make(MmaNumbers.Float16, 1, [5, 7], device),
            MmaLab.Make(MmaNumbers.Float16, 2, [7, 3], device));
        MmaLab.Compare(MmaNumbers.Float16, a.MatMul(b), 7, (a, b, _, _) => a.MatMul(b), a, b);
        var args = new MatMulArgs { A = a.View, B = b.View, C = a.View, Rows = 1, Columns = 1, Depth = 1 };
        Assert.That(() => MatMul.Run.Run(device, DType.Float16, args), Throws.TypeOf<DTypeException>());
    }

    private static double[] Check(MmaNumbers numbers, MmaTile? tile, int rows, int columns, int depth, bool transposeA,
        bool transposeB, DType? result = null, float alpha = 1, float beta = 0, bool halfBias = false)
    {
        var device = new SimDevice();
        var type = result ?? numbers.Stored();
        var a = MmaLab.Make(numbers, 1, transposeA ? [depth, rows] : [rows, depth], device);
        var b = MmaLab.Make(numbers, 2, transposeB ? [columns, depth] : [depth, columns], device);
        var bias = beta == 0 ? null : MmaLab.Make(numbers, 3, [columns], device)
            .To(halfBias ? numbers.Stored() : DType.Float32);
        var before = beta == 0 ? null : MmaLab.Make(numbers, 4, [rows, columns], device).To(type);
        var c = before?.Clone() ?? Tensor.Empty([rows, columns], type, device);
        MatMul.RunMma(device, new()
        {
            A = a.View,
            B = b.View,
            C = c.View,
            Bias = bias?.View ?? default,
            Residual = before?.View ?? default,
            Rows = rows,
            Columns = columns,
            Depth = depth,
            TransposeA = transposeA,
            TransposeB = transposeB,
            Alpha = alpha,
            Beta = beta,
        }, numbers, tile);
        MmaLab.Compare(numbers, c, depth, (a, b, bias, before) =>
        {
            var product = a.MatMul(b, transposeA, transposeB);
            return bias is null ? product : product * alpha + bias + before! * (beta + 1);
        }, a, b, bias, before);
        return MmaLab.Doubles(c);
    }
}
