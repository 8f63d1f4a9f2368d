using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Model;

/// <summary>Two-dimensional convolution (cross-correlation, zero padding) of channels-last maps [N, H, W, C]. State:
/// <c>weight</c> [out, in/groups, kH, kW], <c>bias</c> [out].</summary>
public sealed class Conv2d : Layer, IWeighted
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly Pair stride, padding, dilation;
    private readonly int groups;
    private readonly bool zero;

    /// <summary>A convolution layer.</summary>
    /// <param name="inChannels">Channels of the input.</param>
    /// <param name="outChannels">Channels of the output.</param>
    /// <param name="kernel">Height and width of the kernel.</param>
    /// <param name="stride">Step of the kernel; 1 when left out.</param>
    /// <param name="padding">Zeros around the input.</param>
    /// <param name="dilation">Distance of the kernel's taps; 1 when left out.</param>
    /// <param name="groups">Groups of channels that do not see each other.</param>
    /// <param name="bias">Adds a bias.</param>
    /// <param name="zero">Starts from zeros instead of random numbers.</param>
    public Conv2d(int inChannels, int outChannels, Pair kernel, Pair? stride = null, Pair padding = default,
        Pair? dilation = null, int groups = 1, bool bias = true, bool zero = false)
    {
        if (groups < 1 || inChannels % groups != 0 || outChannels % groups != 0)
            throw new ArgumentException($"{inChannels} -> {outChannels} channels cannot be divided into {groups} "
                + "groups");
        weight = Parameter("weight", [outChannels, inChannels / groups, kernel.H, kernel.W]);
        this.bias = bias ? Parameter("bias", [outChannels]) : null;
        (this.stride, this.padding, this.dilation) = (stride ?? 1, padding, dilation ?? 1);
        (this.groups, this.zero) = (groups, zero);
    }

    /// <summary>[out, in/groups, kH, kW].</summary>
    public Tensor Weight => weight.Value;

    /// <summary>[out], or null.</summary>
    public Tensor? Bias => bias?.Value;

    /// <summary>What may be spent for speed on the CPU; see <see cref="Module.UseMemory"/> for a whole network.
    /// </summary>
    public ConvMethod Method { get; set; }

    /// <summary>True when a group norm reads the result: where a GPU can, it makes the norm's sums on the way.
    /// </summary>
    public bool FeedsNorm { get; set; }

    Parameter IWeighted.Weights => weight;

    /// <summary>The convolution with something added to its result, in one pass over memory.</summary>
    /// <param name="x">[N, H, W, in].</param>
    /// <param name="residual">Of the result's shape.</param>
    /// <param name="intoResidual">True when <paramref name="residual"/> is not needed afterwards.</param>
    public Tensor Forward(Tensor x, Tensor residual, bool intoResidual = false)
    {
        using var _ = Anomaly.Enter(Name);
        return x.Conv2d(Weight, Bias, stride, padding, dilation, groups, residual, Method, intoResidual,
            FeedsNorm);
    }

    /// <inheritdoc/>
    protected override void InitialiseOwn(Generator generator)
    {
        if (zero)
        {
            Fill.WithZeros(weight);
            Fill.WithZeros(bias);
            return;
        }
        var fanIn = weight.Shape[1] * weight.Shape[2] * weight.Shape[3];
        Fill.ByFanIn(weight, fanIn, generator);
        Fill.ByFanIn(bias, fanIn, generator);
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) =>
        x.Conv2d(Weight, Bias, stride, padding, dilation, groups, method: Method, feedsNorm: FeedsNorm);
}
