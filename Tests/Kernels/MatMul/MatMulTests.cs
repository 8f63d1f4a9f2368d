using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class MatMulTests
{
    private static readonly Gen<(int M, int N, int K, int Batch, bool A, bool B, bool Shared)> Cases = Gen.Select(
        Gen.OneOf(Gen.Int[1, 20], Gen.Int[60, 130]), Gen.OneOf(Gen.Int[1, 20], Gen.Int[60, 200]),
        Gen.OneOf(Gen.Int[0, 20], Gen.Int[250, 600]), Gen.Int[0, 3], Gen.Bool, Gen.Bool, Gen.Bool);

    [AnyWidth]
    [Test]
    public void Float32_agrees_with_float64() => Cases.Holds(60, c =>
    {
        Shape a = c.A ? [c.Batch, c.K, c.M] : [c.Batch, c.M, c.K];
        Shape b = c.B ? [c.N, c.K] : [c.K, c.N];
        OpCompare.Float32WithFloat64(x => x[0]!.MatMul(x[1]!, c.A, c.B),
            [OpCompare.Normal(a, 1), OpCompare.Normal(c.Shared ? b : [c.Batch, .. b], 2)]);
    });

    [TestCase(1, 1000, 1500)]
    [TestCase(7, 333, 1000)]
    [TestCase(300, 700, 500)]
    [TestCase(10, 40, 60000)]
    [TestCase(257, 97, 4000)]
    public void Float32_agrees_with_float64_for_large_products(int m, int n, int k) =>
        OpCompare.Float32WithFloat64(x => x[0]!.MatMul(x[1]!, transposeB: true),
            [OpCompare.Normal([m, k], 1), OpCompare.Normal([n, k], 2)]);

    [TestCase(13, 9000, 300, false)]
    [TestCase(105, 3001, 700, false)]
    [TestCase(150, 2090, 1010, true)]
    public void Float32_agrees_with_float64_for_some_rows_and_a_large_matrix(int m, int n, int k, bool transposed) =>
        OpCompare.Float32WithFloat64(x => x[0]!.MatMul(x[1]!, transposeB: transposed),
            [OpCompare.Normal([m, k], 1), OpCompare.Normal(transposed ? [n, k] : [k, n], 2)]);

    [Test]
    public void Batches_broadcast([Values] bool transposeA, [Values] bool transposeB)
    {
        Shape a = transposeA ? [2, 1, 3, 5, 4] : [2, 1, 3, 4, 5];
        Shape b = transposeB ? [7, 1, 6, 5] : [7, 1, 5, 6];
        GradCheck.Run(x => x[0].MatMul(x[1], transposeA, transposeB),
            [OpCompare.Normal(a, 1).To(DType.Float64), OpCompare.Normal(b, 2).To(DType.Float64)]);
        var c = OpCompare.Normal(a, 1).MatMul(OpCompare.Normal(b, 2), transposeA, transposeB);
        Assert.That(c.Shape, Is.EqualTo(Shape.Of(2, 7, 3, 4, 6)));
    }

    [Test]
    public void Backward_is_the_derivative([Values] bool transposeA, [Values] bool transposeB) => GradCheck.Run(
        x => x[0].MatMul(x[1], transposeA, transposeB), [
            OpCompare.Normal(transposeA ? [3, 2, 4] : [3, 4, 2], 1).To(DType.Float64),
            OpCompare.Normal(transposeB ? [5, 2] : [2, 5], 2).To(DType.Float64),
        ]);

    [Test]
    public void Alpha_beta_bias_and_residual_are_applied_in_one_pass()
    {
        var (m, n, k) = (50, 41, 70);
        var (a, b, c) = (OpCompare.Normal([m, k], 1), OpCompare.Normal([k, n], 2), OpCompare.Normal([m, n], 3));
        var (bias, residual) = (OpCompare.Normal([n], 4), OpCompare.Normal([m, n], 5));
        var expected = Run(DType.Float64);
        OpCompare.AssertClose(Run(DType.Float32), expected, 1e-6, "result");

        double[] Run(DType dtype)
        {
            using var scope = Scope.Open();
            var y = c.To(dtype).Clone();
            MatMul.Run.Run(Device.Cpu, dtype, new MatMulArgs
            {
                A = a.To(dtype).View,
                B = b.To(dtype).View,
                C = y.View,
                Bias = bias.To(dtype).View,
                Residual = residual.To(dtype).View,
                Rows = m,
                Columns = n,
                Depth = k,
                Alpha = 0.5f,
                Beta = -0.25f,
            });
            return y.To(DType.Float64).ToArray<double>();
        }
    }

    [TestCase(3, 100, 200)]
    [TestCase(130, 97, 300)]
    public void A_packed_operand_gives_the_same_bits(int rows, int columns, int depth)
    {
        var (a, b) = (OpCompare.Normal([rows, depth], 1), OpCompare.Normal([columns, depth], 2));
        var form = new MatMulForm(depth, columns, true);
        using var packed = Tensor.Empty([form.Bytes / sizeof(float)]);
        MatMul.Pack.Run(Device.Cpu, DType.Float32, new(b.View, packed.View, form));
        using var first = Tensor.Empty([rows, columns]);
        using var second = Tensor.Empty([rows, columns]);
        var args = new MatMulArgs
        {
            A = a.View,
            B = b.View,
            C = first.View,
            PackedB = packed.View,
            Rows = rows,
            Columns = columns,
            Depth = depth,
            TransposeB = true,
        };
        MatMul.Run.Run(Device.Cpu, DType.Float32, args);
        MatMul.Run.Run(Device.Cpu, DType.Float32, args with { C = second.View });
        Assert.That(second.ToArray<float>(), Is.EqualTo(first.ToArray<float>()));
        MatMul.Run.Run(Device.Cpu, DType.Float32, args with { C = second.View, PackedB = default });
        OpCompare.AssertClose([.. first.ToArray<float>()], [.. second.ToArray<float>()], 1e-6, "packed");
    }

    [TestCase(5, 70, 33, false, false)]
    [TestCase(5, 71, 33, false, true)]
    [TestCase(43, 37, 300, false, false)]
    [TestCase(43, 37, 301, true, true)]
    [TestCase(1, 1, 1, true, false)]
    public void Nothing_outside_is_touched(int m, int n, int k, bool transposeA, bool transposeB)
    {
        using var guard = new Guarded();
        MatMul.Run.Run(Device.Cpu, DType.Float32, new MatMulArgs
        {
            A = guard.Input(OpCompare.Normal([2, m, k], 1)),
            B = guard.Input(OpCompare.Normal([2, k, n], 2)),
            C = guard.Output(2 * m * n),
            Bias = guard.Input(OpCompare.Normal([n], 3)),
            Residual = guard.Input(OpCompare.Normal([2, m, n], 4)),
            Rows = m,
            Columns = n,
            Depth = k,
            TransposeA = transposeA,
            TransposeB = transposeB,
            Batch = 2,
            StepA = m * k,
            StepB = k * n,
            StepC = m * n,
        });
        guard.AssertUntouched();
    }

    [TestCase(5, 300, 200)]
    [TestCase(300, 200, 500)]
    [TestCase(20, 30, 20000)]
    public void Same_bits_for_any_number_of_threads(int m, int n, int k) => OpCompare.SameBitsForAnyThreads(
        x => x[0]!.MatMul(x[1]!), OpCompare.Normal([m, k], 1), OpCompare.Normal([k, n], 2));

    [Test]
    public void Shapes_that_do_not_fit_are_named()
    {
        var (a, b) = (OpCompare.Normal([2, 3, 4], 1), OpCompare.Normal([3, 4, 5], 2));
        Assert.That(() => a.MatMul(b), Throws.TypeOf<ShapeException>().With.Message.Contains("[3, 4, 5]"));
        Assert.That(() => a.MatMul(OpCompare.Normal([5, 4], 1)), Throws.TypeOf<ShapeException>());
        Assert.That(() => a.MatMul(OpCompare.Normal([4], 1)), Throws.TypeOf<ShapeException>());
    }
}
