using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A group normalisation of channels-last data, with what usually follows it.</summary>
/// <param name="X">Input [batch, pixels, channels].</param>
/// <param name="Gamma">Gain [channels]; 1 when absent.</param>
/// <param name="Beta">Offset [channels]; 0 when absent.</param>
/// <param name="ScaleShift">[batch, 2 channels], scale then shift; neither when absent.</param>
/// <param name="Y">Output, like the input.</param>
/// <param name="Statistics">Float64 [batch, groups, 2]: mean and 1 / sqrt(variance + eps). Written by forward, read by
/// backward.</param>
/// <param name="Batch">Samples.</param>
/// <param name="Pixels">Positions of a sample.</param>
/// <param name="Channels">Channels, a multiple of the groups.</param>
/// <param name="Groups">Groups of neighbouring channels; each has a mean and a variance a sample.</param>
/// <param name="Eps">Added to the variance.</param>
/// <param name="Silu">True to end with y * sigmoid(y).</param>
/// <param name="Sums">Float64 [batch, 2, channels] on a GPU: sums of x and of x², where somebody has them already.
/// </param>
public readonly record struct GroupNormArgs(
    View X, View Gamma, View Beta, View ScaleShift, View Y, View Statistics,
    int Batch, int Pixels, int Channels, int Groups, float Eps, bool Silu, View Sums = default);

/// <summary>Gradients of <see cref="GroupNormArgs"/>; an absent output is not calculated.</summary>
/// <param name="Forward">The forward's arguments; its output is not read.</param>
/// <param name="Dy">Gradient of the output.</param>
/// <param name="Dx">Gradient of the input.</param>
/// <param name="DGamma">Gradient of the gain.</param>
/// <param name="DBeta">Gradient of the offset.</param>
/// <param name="DScaleShift">Gradient of scale and shift, [batch, 2 channels].</param>
public readonly record struct GroupNormBackwardArgs(
    GroupNormArgs Forward, View Dy, View Dx, View DGamma, View DBeta, View DScaleShift);

/// <summary>Group normalisation (Wu and He 2018), fused with the scale, shift and SiLU that follow it in diffusion
/// U-Nets: one pass for the statistics, one for everything else.</summary>
public static unsafe partial class GroupNorm
{
    /// <summary>y = f(((x - mean) / sqrt(var + eps) gamma + beta)(1 + scale) + shift), f = SiLU or nothing; var is
    /// biased.</summary>
    public static readonly Kernel<GroupNormArgs> Forward = new Kernel<GroupNormArgs>("group_norm.forward")
        .OnCpu(DType.Float32, ForwardSimd)
        .OnCpu(DType.Float64, ForwardReference)
        .OnGpu(DType.Float32, ForwardGpu<float, SingleNumber>)
        .OnGpu(DType.Float16, ForwardGpu<ushort, HalfNumber>)
        .OnGpu(DType.BFloat16, ForwardGpu<ushort, BFloatNumber>);

    /// <summary>The gradients; what lies between input and output is calculated again.</summary>
    public static readonly Kernel<GroupNormBackwardArgs> Backward =
        new Kernel<GroupNormBackwardArgs>("group_norm.backward")
            .OnCpu(DType.Float32, BackwardSimd)
            .OnCpu(DType.Float64, BackwardReference)
            .OnGpu(DType.Float32, BackwardGpu<float, SingleNumber>)
            .OnGpu(DType.Float16, BackwardGpu<ushort, HalfNumber>)
            .OnGpu(DType.BFloat16, BackwardGpu<ushort, BFloatNumber>);
}
