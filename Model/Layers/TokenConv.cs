using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>PyTorch's one-dimensional convolution with kernel 1, on tokens [..., C]: a linear layer whose weight keeps
/// the trailing axis. State: <c>weight</c> [out, in, 1], <c>bias</c> [out].</summary>
internal sealed class TokenConv : Layer, IWeighted
{
    private readonly Parameter weight, bias;
    private readonly bool zero;

    public TokenConv(int inChannels, int outChannels, bool zero = false)
    {
        weight = Parameter("weight", [outChannels, inChannels, 1]);
        bias = Parameter("bias", [outChannels]);
        this.zero = zero;
    }

    public Parameter Weights => weight;

    /// <summary>With something added to the result, which a group norm then reads.</summary>
    public Tensor Forward(Tensor x, Tensor residual)
    {
        using var _ = Anomaly.Enter(Name);
        return x.Linear(Matrix, bias.Value, residual, feedsNorm: true);
    }

    protected override void InitialiseOwn(Generator generator)
    {
        if (zero)
        {
            Fill.WithZeros(weight);
            Fill.WithZeros(bias);
            return;
        }
        Fill.ByFanIn(weight, weight.Shape[1], generator);
        Fill.ByFanIn(bias, weight.Shape[1], generator);
    }

    protected override Tensor Compute(Tensor x) => x.Linear(Matrix, bias.Value);

    private Tensor Matrix => weight.Value.Reshape([weight.Shape[0], weight.Shape[1]]);
}
