using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Means over windows of channels-last images.</summary>
/// <param name="X">[batch, rows.In, columns.In, channels]: input, or gradient of the input in the backward.</param>
/// <param name="Y">[batch, rows.Out, columns.Out, channels]: output, or its gradient.</param>
/// <param name="Batch">Images.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Rows">Windows along the height.</param>
/// <param name="Columns">Windows along the width.</param>
public readonly record struct AvgPool2dArgs(
    View X, View Y, int Batch, int Channels, PoolAxis Rows, PoolAxis Columns);

/// <summary>Average pooling with fixed or adaptive windows.</summary>
public static partial class AvgPool2d
{
    /// <summary>Y = mean of X over each window.</summary>
    public static readonly Kernel<AvgPool2dArgs> Forward = new Kernel<AvgPool2dArgs>("avg_pool2d.forward")
        .OnCpu(DType.Float32, ForwardSimd)
        .OnCpu(DType.Float64, ForwardReference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Forward)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Forward)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Forward);

    /// <summary>X = sum, over the windows that cover a pixel, of Y divided by the window's size.</summary>
    public static readonly Kernel<AvgPool2dArgs> Backward = new Kernel<AvgPool2dArgs>("avg_pool2d.backward")
        .OnCpu(DType.Float32, BackwardSimd)
        .OnCpu(DType.Float64, BackwardReference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Backward)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Backward)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Backward);
}
