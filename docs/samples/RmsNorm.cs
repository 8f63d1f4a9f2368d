using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Samples;

/// <summary>An operation of your own, with its gradient: y = w x / sqrt(mean(x^2) + eps) over the last axis (Zhang and
/// Sennrich, 2019).</summary>
internal sealed class RmsNormOp(double eps) : Op
{
    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (x, w) = (inputs[0]!, inputs[1]!);
        var r = ((x * x).Mean([-1], keepDim: true) + eps).Pow(-0.5);
        context.Save(x);
        context.Save(w);
        context.Save(r);
        return x * r * w;
    }

    // With n = x r: dx = r (w dy - n mean(n w dy)), dw = the sum of n dy over all other axes.
    protected override void Backward(OpContext context, Tensor dy)
    {
        var (x, w, r) = (context.Saved(0), context.Saved(1), context.Saved(2));
        var n = x * r;
        var g = dy * w;
        if (context.Needs(0)) context.SetGrad(0, r * (g - n * (n * g).Mean([-1], keepDim: true)));
        if (context.Needs(1)) context.SetGrad(1, (n * dy).Reshape([-1, w.Count]).Sum([0]));
    }
}

/// <summary>A module of your own around it. State: <c>weight</c> [features].</summary>
public sealed class RmsNorm : Layer
{
    private readonly Parameter weight;
    private readonly double eps;

    /// <summary>A norm of the last axis.</summary>
    public RmsNorm(int features, double eps = 1e-6) => (weight, this.eps) = (Parameter("weight", [features]), eps);

    /// <inheritdoc/>
    protected override void InitialiseOwn(Generator generator) => weight.Assign(Tensor.Ones(weight.Shape));

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => Op.Apply(new RmsNormOp(eps), x, weight.Value);

    /// <summary>Proves that the backward is the derivative of the forward; throws and says where it is not.</summary>
    public static void CheckGradients()
    {
        using var scope = Scope.Open();
        var generator = new Generator(seed: 1);
        var x = Tensor.Randn([2, 3, 5], generator).To(DType.Float64);
        var w = Tensor.Rand([5], generator).To(DType.Float64);
        GradCheck.Run(inputs => Op.Apply(new RmsNormOp(1e-6), inputs[0], inputs[1]), [x, w]);
    }
}
