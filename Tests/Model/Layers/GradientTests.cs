using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Composite layers in float64: backward is the derivative of forward.</summary>
[TestFixture]
internal sealed class GradientTests
{
    [Test]
    public void Residual_blocks([Values] Resampling resampling, [Values] bool scaleShift)
    {
        using var scope = Scope.Open();
        var size = resampling == Resampling.Down ? new MapSize(2, 4) : new MapSize(1, 2);
        var outSize = resampling switch { Resampling.Down => size.Half, Resampling.Up => size.Double, _ => size };
        using var block = Double(new ResBlock(new ResPlan(32, 64, size, outSize, 3, scaleShift, 0)));
        GradCheck.Run(x => block.Forward(x[0], x[1]), [Random([1, size.Height, size.Width, 32], 1), Random([1, 3], 2)]);
    }

    [Test]
    public void Attention_blocks([Values] bool newOrder)
    {
        using var scope = Scope.Open();
        using var block = Double(new AttentionBlock(32, 2, newOrder));
        GradCheck.Run(block.Forward, Random([1, 2, 3, 32], 1));
    }

    [Test]
    public void Attention_pool()
    {
        using var scope = Scope.Open();
        using var pool = Double(new AttentionPool2d(2, 8, 4, 5));
        GradCheck.Run(pool.Forward, Random([2, 2, 2, 8], 1));
    }

    [Test]
    public void Map_normalisation()
    {
        using var scope = Scope.Open();
        using var norm = Double(new MapLayerNorm(3, 2, 4));
        GradCheck.Run(norm.Forward, Random([2, 2, 4, 3], 1));
    }

    [Test]
    public void The_first_token_of_a_transformer_block_alone_is_the_first_of_all([Values] bool bias)
    {
        using var scope = Scope.Open();
        using var block = Double(new TransformerBlock(8, 2, 2, bias));
        var x = Random([3, 5, 8], 1);
        var all = block.Forward(x).Select(1, 0);
        Assert.That((block.First(x) - all).Abs().Max().ToArray<double>()[0], Is.LessThan(1e-12));
        GradCheck.Run(block.First, x);
    }

    [Test]
    public void Parameters_of_a_transformer_block_get_the_same_gradients_through_the_first_token_alone()
    {
        using var scope = Scope.Open();
        using var block = Double(new TransformerBlock(8, 2, 2, true));
        block.RequiresGrad(true);
        var x = Random([3, 5, 8], 1);
        var all = Gradients(block.Forward(x).Select(1, 0));
        var alone = Gradients(block.First(x));
        foreach (var (name, expected) in all)
            Assert.That(alone[name], Is.EqualTo(expected).Within(1e-10), name);

        Dictionary<string, double[]> Gradients(Tensor y)
        {
            block.ZeroGrad();
            (y * y).Sum().Backward();
            return block.State().ToDictionary(p => p.Name, p => p.Parameter.Value.Grad!.ToArray<double>());
        }
    }

    private static T Double<T>(T module) where T : Module
    {
        module.To(DType.Float64);
        module.Initialise(new Generator(0));
        foreach (var (_, parameter) in module.State())
            using (Scope.Open()) parameter.Assign(Tensor.Randn(parameter.Shape, new Generator(9)) * 0.3f);
        return module;
    }

    private static Tensor Random(Shape shape, ulong seed) => Tensor.Randn(shape, new Generator(seed)).To(DType.Float64);
}
