using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

internal sealed class TimestepEmbeddingTests
{
    [Test]
    public void Agrees_with_PyTorch()
    {
        using var golden = new GoldenFixture("ops/timestep_embedding");
        foreach (var dim in new[] { 32, 33, 256 })
            Check(golden, $"embedding_dim{dim}", TimestepEmbedding.Of(golden["timesteps"], dim));
        Check(golden, "embedding_float_dim32", TimestepEmbedding.Of(golden["timesteps_float"], 32));
    }

    [Test]
    public void Cosines_come_first_and_an_odd_end_is_zero()
    {
        var y = TimestepEmbedding.Of(Tensor.From(0L, 3), 5, 100).ToArray<float>();
        float[] expected =
        [
            1, 1, 0, 0, 0,
            MathF.Cos(3), MathF.Cos(0.3f), MathF.Sin(3), MathF.Sin(0.3f), 0,
        ];
        Assert.That(y, Is.EqualTo(expected).Within(1e-6));
    }

    [Test]
    public void Errors_say_what_does_not_fit()
    {
        Assert.That(() => TimestepEmbedding.Of(OpCompare.Normal([2, 2], 1), 8),
            Throws.TypeOf<ShapeException>().With.Message.Contains("must be [N], found [2, 2]"));
        Assert.That(() => TimestepEmbedding.Of(Tensor.From(1L), 0),
            Throws.TypeOf<ShapeException>().With.Message.Contains("at least 1, found 0"));
    }

    // An argument of 999 has an ulp of 6e-5: half of it is how far correctly rounded results may differ.
    private static void Check(GoldenFixture golden, string name, Tensor found) => Assert.That(
        GoldenFixture.Values(found), Is.EqualTo(GoldenFixture.Values(golden[name])).Within(5e-5), name);
}
