using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

/// <summary>Compares an operation's float32 bodies with its float64 ones, forward and backward, and its bits between
/// thread counts.</summary>
internal static class OpCompare
{
    /// <summary>Standard normal numbers, the same for the same seed.</summary>
    public static Tensor Normal(Shape shape, int seed, double mean = 0, double deviation = 1)
    {
        var random = new Random(seed);
        var values = new float[shape.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = (float)(mean + deviation * radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
        return Tensor.From(values, shape);
    }

    /// <summary>Runs <paramref name="op"/> in float32 and in float64 on the same numbers; the result and every gradient
    /// may differ by <paramref name="tolerance"/> of the tensor's largest value, or of <paramref name="least"/> when
    /// that is larger: where large terms cancel, their rounding stays.</summary>
    public static void Float32WithFloat64(Func<Tensor?[], Tensor> op, Tensor?[] inputs, double tolerance = 3e-6,
        double gradientTolerance = 1e-5, double least = 0)
    {
        using var scope = Scope.Open();
        var single = Run(op, inputs, DType.Float32, Device.Cpu);
        var both = Run(op, inputs, DType.Float64, Device.Cpu);
        for (var i = 0; i < single.Length; i++)
            AssertClose(single[i], both[i], i == 0 ? tolerance : gradientTolerance,
                i == 0 ? "result" : $"gradient of input {i - 1}", least);
    }

    /// <summary>The result and all gradients have the same bits with 1, 2 and 8 threads.</summary>
    public static void SameBitsForAnyThreads(Func<Tensor?[], Tensor> op, params Tensor?[] inputs)
    {
        double[]?[]? first = null;
        foreach (var threads in new[] { 1, 2, 8 })
        {
            using var device = new CpuDevice(threads);
            using var scope = Scope.Open();
            var found = Run(op, inputs, DType.Float32, device);
            first ??= found;
            for (var i = 0; i < found.Length; i++)
                Assert.That(found[i], Is.EqualTo(first[i]), $"output {i} with {threads} threads");
        }
    }

    /// <summary>Result, then the gradient of each input, null for those that have none; every input that is a float
    /// gets one. The upstream gradient is random.</summary>
    public static double[]?[] Run(Func<Tensor?[], Tensor> op, Tensor?[] inputs, DType dtype, Device device)
    {
        var leaves = new Tensor?[inputs.Length];
        for (var i = 0; i < inputs.Length; i++) leaves[i] = inputs[i] is { } input ? Leaf(input, dtype, device) : null;
        var y = op(leaves);
        using var dy = Normal(y.Shape, 77);
        y.Backward(On(dy.To(dtype), device));
        return [Doubles(y), .. leaves.Select(leaf => leaf?.Grad is { } grad ? Doubles(grad) : null)];
    }

    /// <summary>Fails when a value is further from the expected one than a share of the largest expected value.
    /// </summary>
    public static void AssertClose(
        double[]? found, double[]? expected, double tolerance, string what, double least = 0)
    {
        Assert.That(found is null, Is.EqualTo(expected is null), what);
        if (found is null || expected is null) return;
        Assert.That(found, Has.Length.EqualTo(expected.Length), what);
        var largest = expected.Where(double.IsFinite).Select(Math.Abs).Append(least).Max();
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i].Equals(expected[i])) continue;
            if (!(Math.Abs(found[i] - expected[i]) <= tolerance * largest + 1e-12))
                Assert.Fail($"{what}: element {i} is {found[i]:g9}, expected {expected[i]:g9} (largest {largest:g4})");
        }
    }

    private static Tensor Leaf(Tensor input, DType dtype, Device device)
    {
        if (!input.DType.IsFloating()) return On(input, device);
        var leaf = On(input.Detach().To(dtype), device).Detach();
        leaf.RequiresGrad = true;
        return leaf;
    }

    private static Tensor On(Tensor tensor, Device device) => tensor.Device == device ? tensor : tensor.DType switch
    {
        DType.Float32 => Tensor.From(tensor.ToArray<float>(), tensor.Shape, device),
        DType.Float64 => Tensor.From(tensor.ToArray<double>(), tensor.Shape, device),
        _ => Tensor.From(tensor.ToArray<long>(), tensor.Shape, device),
    };

    private static double[] Doubles(Tensor tensor) => tensor.DType == DType.Float64
        ? tensor.ToArray<double>()
        : [.. tensor.ToArray<float>().Select(v => (double)v)];
}
