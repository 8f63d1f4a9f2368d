using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Layer normalisation over a whole map: channels, rows and columns jointly. The map is [N, H, W, C]; the
/// state keeps PyTorch's order: <c>weight</c> [C, H, W], <c>bias</c> [C, H, W].</summary>
public sealed class MapLayerNorm : Layer
{
    private readonly Parameter weight, bias;
    private readonly float epsilon;

    /// <summary>A normalisation of maps of one size.</summary>
    public MapLayerNorm(int channels, int height, int width, float epsilon = 1e-5f)
    {
        weight = Parameter("weight", [channels, height, width]);
        bias = Parameter("bias", [channels, height, width]);
        this.epsilon = epsilon;
    }

    /// <inheritdoc/>
    protected override void InitialiseOwn(Generator generator)
    {
        Fill.WithConstant(weight, 1);
        Fill.WithZeros(bias);
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) =>
        x.LayerNorm(weight.Value.Permute(1, 2, 0), bias.Value.Permute(1, 2, 0), epsilon);
}
