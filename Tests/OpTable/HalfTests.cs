using Diffract.Autograd;
using Diffract.Cases;
using Diffract.Engine;
using Diffract.Tests.Kernels.Gpu;
using NUnit.Framework;

namespace Diffract.Tests.OpTable;

/// <summary>Kernels that read and write 16-bit floats give what the float32 ones give on widened numbers.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class HalfTests
{
    private static readonly DType[] halves = [DType.Float16, DType.BFloat16];

    private static IEnumerable<TestCaseData> All() => OpTableTests.Named(Rows);

    private static IEnumerable<TestCaseData> WithGradient() => OpTableTests.Named(Rows.Where(c => c.HasGradient));

    // Tensor cores add up in an order of their own: what they calculate is compared with float64 elsewhere.
    private static IEnumerable<OpCase> Rows => Cases.OpTable.All.Where(c => !c.Large
        && c.DTypes.Contains(DType.Float16)
        && c.Op is not ("matmul" or "linear" or "conv2d" or "conv_transpose2d" or "qkv_attention"));

    [TestCase("add", "sub", "mul", "div", "maximum", "silu", "gelu", "relu", "sigmoid", "tanh", "exp", "log", "pow")]
    [TestCase("group_norm", "layer_norm", "batch_norm", "softmax", "log_softmax", "cross_entropy", "sum", "mean")]
    [TestCase("avg_pool2d", "adaptive_avg_pool2d", "max_pool2d", "upsample_nearest", "resize_bilinear", "dropout",
        "embedding", "concat")]
    public void Nothing_is_widened_in_memory(params string[] ops)
    {
        foreach (var op in ops)
        {
            var rows = Rows.Where(r => r.Op == op).ToList();
            Assert.That(rows, Is.Not.Empty, op);
            foreach (var row in rows) Assert.That(Casts(row), Is.Zero, row.ToString());
        }
    }

    private static int Casts(OpCase row)
    {
        using var scope = Scope.Open();
        var device = new CountingDevice();
        var inputs = row.Make(DType.Float16, Layout.Dense, device);
        for (var i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] is not { } input || !input.DType.IsFloating()) continue;
            // A norm's parameters are float32.
            if (i > 0 && row.Op.EndsWith("_norm", StringComparison.Ordinal))
                inputs[i] = input = Tensor.Zeros(input.Shape, device: device);
            input.RequiresGrad = true;
        }
        var y = row.Run(inputs);
        y.Backward(Tensor.Zeros(y.Shape, y.DType, device));
        return device.Count("Cast");
    }

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

    [TestCaseSource(nameof(WithGradient))]
    public void Gradients_are_the_rounded_ones_of_float32(OpCase row)
    {
        var device = new SimDevice();
        foreach (var half in halves)
        {
            using var scope = Scope.Open();
            var found = Gradient(row, half, device, wide: false);
            var expected = Gradient(row, half, device, wide: true);
            for (var i = 0; i < found.Length; i++)
                Check(found[i], expected[i], RoundsOnTheWay(row) ? 2 * OpCase.Precision(half) : 0,
                    $"{half}, input {i}");
        }
    }

    // Backward reads the result as it was stored, or adds up products that were stored for every element.
    private static bool RoundsOnTheWay(OpCase row) =>
        row.Op is "softmax" or "log_softmax" or "sigmoid" or "tanh" or "exp" or "sqrt" or "div"
        || (row.Op == "mul" && row.Inputs.Length == 2 && row.Inputs[0]!.Shape != row.Inputs[1]!.Shape);

    // The numbers that are rounded are about 1, also where their sum is smaller.
    private static void Check(double[]? found, double[]? expected, double share, string what)
    {
        if (share == 0 || found is null || expected is null) Assert.That(found, Is.EqualTo(expected), what);
        else Assert.That(found, Is.EqualTo(expected).Within(share * expected.Select(Math.Abs).Append(1).Max()), what);
    }

    private static double[]?[] Gradient(OpCase row, DType half, Device device, bool wide)
    {
        var inputs = row.Make(half, Layout.Dense, device);
        foreach (var input in inputs) if (input is not null && input.DType.IsFloating()) input.RequiresGrad = true;
        var y = row.Run(wide ? [.. inputs.Select(Wide)] : inputs);
        if (wide && row.Op != "cross_entropy") y = y.To(half);
        var upstream = new Random(5);
        var dy = new float[y.Count];
        for (var i = 0; i < dy.Length; i++) dy[i] = (float)(0.25 + upstream.NextDouble());
        y.Backward(Tensor.From(dy, y.Shape).To(y.DType).To(device));
        return [.. inputs.Select(x => x?.Grad is { } grad ? Numbers(grad) : null)];
    }

    private static Tensor? Wide(Tensor? x) => x is not null && x.DType.IsHalf() ? x.To(DType.Float32) : x;

    private static double[] Numbers(Tensor x) => Naive.Of(x.To(Device.Cpu)).Values;
}
