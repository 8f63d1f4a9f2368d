using CsCheck;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class EmbeddingTests
{
    [Test]
    public void Float32_agrees_with_float64() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 150], Gen.Long[0, 8].Array[0, 40]).Holds(100, c =>
        {
            var (rows, width, picks) = c;
            var indices = Tensor.From(picks.Select(p => p % rows).ToArray(), [picks.Length]);
            OpCompare.Float32WithFloat64(t => t[0]!.Embedding(t[1]!),
                [OpCompare.Normal([rows, width], 1), indices], 0, 1e-6);
        });

    [Test]
    public void Backward_is_the_derivative()
    {
        using var indices = Tensor.From([2L, 0, 2, 1, 2, 2], [2, 3]);
        GradCheck.Run(w => w.Embedding(indices), OpCompare.Normal([4, 3], 1).To(DType.Float64));
    }

    [Test]
    public void Same_bits_for_any_number_of_threads()
    {
        var random = new Random(1);
        using var indices = Tensor.From(Enumerable.Range(0, 500).Select(_ => random.NextInt64(7)).ToArray(), [500]);
        OpCompare.SameBitsForAnyThreads(t => t[0]!.Embedding(t[1]!), OpCompare.Normal([7, 300], 1), indices);
    }

    [Test]
    public void Nothing_outside_is_touched([Values(1, 8, 70)] int width)
    {
        using var guard = new Guarded();
        using var indices = Tensor.From(0L, 4, 4);
        Embedding.Forward.Run(Device.Cpu, DType.Float32, new(guard.Input(OpCompare.Normal([5, width], 1)), indices.View,
            guard.Output(3 * width), 5, 3, width));
        Embedding.Backward.Run(Device.Cpu, DType.Float32, new(guard.Output(5 * width), indices.View,
            guard.Input(OpCompare.Normal([3, width], 1)), 5, 3, width));
        guard.AssertUntouched();
    }

    [Test]
    public void Agrees_with_PyTorch()
    {
        using var golden = new GoldenFixture("ops/embedding");
        var weight = golden["w"].Clone();
        weight.RequiresGrad = true;
        var y = weight.Embedding(golden["idx"]);
        y.Backward(golden["gy"].Clone());
        golden.Check("y", y);
        golden.Check("grad_w", weight.Grad!);
        golden.AssertAllUsed();
    }

    [Test]
    public void Errors_name_the_index_and_the_rows()
    {
        var weight = OpCompare.Normal([4, 3], 1);
        Assert.That(() => weight.Embedding(Tensor.From(1L, 4)), Throws.TypeOf<ShapeException>().With.Message
            .EqualTo("Embedding: index 4 at position 1 is outside 0..3 (4 rows)"));
        Assert.That(() => weight.Embedding(Tensor.From(1f)),
            Throws.TypeOf<DTypeException>().With.Message.Contains("Int64, found Float32"));
    }
}
