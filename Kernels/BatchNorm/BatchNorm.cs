using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A batch normalisation of the last axis.</summary>
/// <param name="X">Input [rows, channels].</param>
/// <param name="Gamma">Gain [channels]; 1 when absent.</param>
/// <param name="Beta">Offset [channels]; 0 when absent.</param>
/// <param name="RunningMean">[channels]: read when <paramref name="Training"/> is false, else moved towards the batch's
/// mean when present.</param>
/// <param name="RunningVar">[channels]: likewise, with the unbiased variance.</param>
/// <param name="Y">Output, like the input.</param>
/// <param name="Statistics">Float64 [channels, 2]: mean and 1 / sqrt(variance + eps). Written by forward, read by
/// backward.</param>
/// <param name="Rows">Positions of all samples.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Training">True to normalise with the batch's own statistics.</param>
/// <param name="Momentum">Share of the batch in the running statistics.</param>
/// <param name="Eps">Added to the variance.</param>
public readonly record struct BatchNormArgs(
    View X, View Gamma, View Beta, View RunningMean, View RunningVar, View Y, View Statistics,
    int Rows, int Channels, bool Training, float Momentum, float Eps);

/// <summary>Gradients of <see cref="BatchNormArgs"/>; an absent output is not calculated.</summary>
/// <param name="Forward">The forward's arguments; its output and the running statistics are not read.</param>
/// <param name="Dy">Gradient of the output.</param>
/// <param name="Dx">Gradient of the input.</param>
/// <param name="DGamma">Gradient of the gain.</param>
/// <param name="DBeta">Gradient of the offset.</param>
public readonly record struct BatchNormBackwardArgs(BatchNormArgs Forward, View Dy, View Dx, View DGamma, View DBeta);

/// <summary>Batch normalisation (Ioffe and Szegedy 2015): every channel by its statistics over the batch, or by running
/// ones.</summary>
public static partial class BatchNorm
{
    /// <summary>y = (x - mean) / sqrt(var + eps) gamma + beta; the batch's var is biased.</summary>
    public static readonly Kernel<BatchNormArgs> Forward = new Kernel<BatchNormArgs>("batch_norm.forward")
        .OnCpu(DType.Float32, ForwardSimd)
        .OnCpu(DType.Float64, ForwardReference)
        .OnGpu(DType.Float32, ForwardGpu<float, SingleNumber>)
        .OnGpu(DType.Float16, ForwardGpu<ushort, HalfNumber>)
        .OnGpu(DType.BFloat16, ForwardGpu<ushort, BFloatNumber>);

    /// <summary>The gradients.</summary>
    public static readonly Kernel<BatchNormBackwardArgs> Backward =
        new Kernel<BatchNormBackwardArgs>("batch_norm.backward")
            .OnCpu(DType.Float32, BackwardSimd)
            .OnCpu(DType.Float64, BackwardReference)
            .OnGpu(DType.Float32, BackwardGpu<float, SingleNumber>)
            .OnGpu(DType.Float16, BackwardGpu<ushort, HalfNumber>)
            .OnGpu(DType.BFloat16, BackwardGpu<ushort, BFloatNumber>);
}
