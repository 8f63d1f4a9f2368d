using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A layer normalisation of rows.</summary>
/// <param name="X">Input [rows, columns].</param>
/// <param name="Gamma">Gain [columns].</param>
/// <param name="Beta">Offset [columns]; 0 when absent.</param>
/// <param name="Y">Output, like the input.</param>
/// <param name="Statistics">Float64 [rows, 2]: mean and 1 / sqrt(variance + eps). Written by forward, read by backward.
/// </param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Elements of a row.</param>
/// <param name="Eps">Added to the variance.</param>
public readonly record struct LayerNormArgs(
    View X, View Gamma, View Beta, View Y, View Statistics, int Rows, int Columns, float Eps);

/// <summary>Gradients of <see cref="LayerNormArgs"/>; an absent output is not calculated.</summary>
/// <param name="Forward">The forward's arguments; its output is not read.</param>
/// <param name="Dy">Gradient of the output.</param>
/// <param name="Dx">Gradient of the input.</param>
/// <param name="DGamma">Gradient of the gain.</param>
/// <param name="DBeta">Gradient of the offset.</param>
public readonly record struct LayerNormBackwardArgs(LayerNormArgs Forward, View Dy, View Dx, View DGamma, View DBeta);

/// <summary>Layer normalisation (Ba, Kiros and Hinton 2016) with a gain and an offset for every element.</summary>
public static partial class LayerNorm
{
    /// <summary>y = (x - mean) / sqrt(var + eps) gamma + beta; var is biased.</summary>
    public static readonly Kernel<LayerNormArgs> Forward = new Kernel<LayerNormArgs>("layer_norm.forward")
        .OnCpu(DType.Float32, ForwardSimd)
        .OnCpu(DType.Float64, ForwardReference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Forward)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Forward)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Forward);

    /// <summary>The gradients.</summary>
    public static readonly Kernel<LayerNormBackwardArgs> Backward =
        new Kernel<LayerNormBackwardArgs>("layer_norm.backward")
            .OnCpu(DType.Float32, BackwardSimd)
            .OnCpu(DType.Float64, BackwardReference)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Backward)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Backward)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Backward);
}
