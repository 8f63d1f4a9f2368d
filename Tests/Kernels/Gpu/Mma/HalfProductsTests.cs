using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>Operations that a GPU runs with 16-bit floats as they are, forward and backward, against double precision.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class HalfProductsTests
{
    private static readonly (string Name, Func<Tensor[], Tensor> Run, Shape[] Shapes)[] operations =
    [
        ("conv2d", t => t[0].Conv2d(t[1], t[2], 2, 1), [[2, 6, 5, 8], [16, 8, 3, 3], [16]]),
        ("conv2d, groups", t => t[0].Conv2d(t[1], t[2], 1, 1, groups: 2), [[1, 4, 5, 6], [4, 3, 3, 3], [4]]),
        ("conv_transpose2d", t => t[0].ConvTranspose2d(t[1], t[2], 2), [[1, 3, 4, 8], [8, 5, 2, 2], [5]]),
        ("linear", t => t[0].Linear(t[1], t[2]), [[2, 3, 24], [10, 24], [10]]),
    ];

    private static IEnumerable<string> Names => operations.Select(o => o.Name);

    [Test]
    public void Gradients_agree_with_float64([ValueSource(nameof(Names))] string name,
        [Values(MmaNumbers.Float16, MmaNumbers.BFloat16)] MmaNumbers numbers, [Values] bool halfParameters)
    {
        using var scope = Scope.Open();
        var (_, run, shapes) = operations.First(o => o.Name == name);
        var parameters = halfParameters ? numbers.Stored() : DType.Float32;
        var inputs = shapes.Select((shape, i) =>
            MmaLab.Make(numbers, i, shape, Device.Cpu).To(i == 0 ? numbers.Stored() : parameters)).ToArray();
        var found = Run(run, inputs, numbers);
        Assert.That(found[0].DType, Is.EqualTo(numbers.Stored()));
        Assert.That(found.Skip(2).Select(g => g.DType), Is.All.EqualTo(parameters));
    }

    [Test]
    public void A_frozen_weight_is_packed_once()
    {
        using var scope = Scope.Open();
        var device = new SimDevice();
        var x = MmaLab.Make(MmaNumbers.Float16, 1, [1, 4, 4, 8], device);
        var weight = MmaLab.Make(MmaNumbers.Float16, 2, [8, 8, 3, 3], device).To(DType.Float32);
        var matrix = MmaLab.Make(MmaNumbers.Float16, 3, [8, 8], device).To(DType.Float32);
        Tensor first = x.Conv2d(weight, padding: 1), row = x.Linear(matrix);
        Assert.That(PackedWeights.BytesOf(weight), Is.EqualTo(weight.Count * 2));
        Assert.That(PackedWeights.BytesOf(matrix), Is.EqualTo(matrix.Count * 2));
        Assert.That(MmaLab.Doubles(x.Conv2d(weight, padding: 1)), Is.EqualTo(MmaLab.Doubles(first)));
        Assert.That(MmaLab.Doubles(x.Linear(matrix)), Is.EqualTo(MmaLab.Doubles(row)));
    }

    [Test]
    public void A_sum_over_a_batch_is_rounded_once([Values(MmaNumbers.Float16, MmaNumbers.BFloat16)] MmaNumbers numbers)
    {
        using var scope = Scope.Open();
        var a = MmaLab.Make(numbers, 1, [6, 9, 8], Device.Cpu);
        var b = MmaLab.Make(numbers, 2, [8, 5], Device.Cpu);
        Run(t => t[0].MatMul(t[1]), [a, b], numbers);
    }

    // The result and the gradients, compared with float64: what is short is rounded once, and sums of float32 are as
    // exact as their largest terms.
    private static Tensor[] Run(Func<Tensor[], Tensor> run, Tensor[] inputs, MmaNumbers numbers)
    {
        var device = new SimDevice();
        var found = Gradients(run, [.. inputs.Select(x => x.To(device))], numbers);
        var expected = Gradients(run, [.. inputs.Select(x => x.To(DType.Float64))], numbers);
        for (var i = 0; i < found.Length; i++)
        {
            double[] values = MmaLab.Doubles(found[i]), exact = MmaLab.Doubles(expected[i]);
            var rounding = found[i].DType switch
            {
                DType.Float16 => Math.Pow(2, -11),
                DType.BFloat16 => Math.Pow(2, -8),
                _ => 0,
            };
            var largest = exact.Max(Math.Abs);
            for (var e = 0; e < exact.Length; e++)
                Assert.That(values[e], Is.EqualTo(exact[e]).Within(rounding * Math.Abs(exact[e]) + 2e-6 * largest),
                    $"{(i == 0 ? "the result" : $"gradient of input {i - 1}")}, element {e}");
        }
        return found;
    }

    private static Tensor[] Gradients(Func<Tensor[], Tensor> run, Tensor[] inputs, MmaNumbers numbers)
    {
        inputs = [.. inputs.Select(x => x.Detach())];
        foreach (var input in inputs) input.RequiresGrad = true;
        var y = run(inputs);
        y.Backward(MmaLab.Make(numbers, 9, y.Shape, Device.Cpu).To(y.DType).To(y.Device));
        return [y, .. inputs.Select(x => x.Grad!)];
    }
}
