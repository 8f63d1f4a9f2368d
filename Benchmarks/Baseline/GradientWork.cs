using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Benchmarks.Baseline;

/// <summary>One gradient of a 3x3 convolution as training has it: 32 images of 32 x 32, 64 channels. The forward before
/// it is not counted.</summary>
internal sealed class GradientWork : Work
{
    private readonly Tensor x, weight, dy, leaf;

    public GradientWork(bool ofWeight)
    {
        var generator = new Generator(1);
        x = Tensor.Randn([32, 32, 32, 64], generator);
        dy = Tensor.Randn(x.Shape, generator);
        weight = Tensor.Randn([64, 64, 3, 3], generator);
        leaf = ofWeight ? weight : x;
        leaf.RequiresGrad = true;
    }

    public override double Seconds()
    {
        using var scope = Scope.Open();
        var y = x.Conv2d(weight, null, padding: 1);
        var seconds = Time(() => y.Backward(dy));
        leaf.Grad = null;
        return seconds;
    }

    public override void Dispose()
    {
        x.Dispose();
        weight.Dispose();
        dy.Dispose();
    }
}
