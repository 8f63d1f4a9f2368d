using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Maxima over windows of channels-last images.</summary>
/// <param name="X">[batch, rows.In, columns.In, channels]: input, or gradient of the input in the backward.</param>
/// <param name="Y">[batch, rows.Out, columns.Out, channels]: output, or its gradient.</param>
/// <param name="Index">Int32, like Y: the pixel of each maximum, row · columns.In + column. Written by forward, read by
/// backward.</param>
/// <param name="Batch">Images.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Rows">Windows along the height, each with at least one pixel.</param>
/// <param name="Columns">Windows along the width, likewise.</param>
public readonly record struct MaxPool2dArgs(
    View X, View Y, View Index, int Batch, int Channels, PoolAxis Rows, PoolAxis Columns);

/// <summary>Max pooling. Of equal maxima the first in reading order counts; a NaN is larger than any number.</summary>
public static partial class MaxPool2d
{
    /// <summary>Y = maximum of X over each window, and where it is.</summary>
    public static readonly Kernel<MaxPool2dArgs> Forward = new Kernel<MaxPool2dArgs>("max_pool2d.forward")
        .OnCpu(DType.Float32, ForwardSimd)
        .OnCpu(DType.Float64, ForwardReference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Forward)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Forward)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Forward);

    /// <summary>X = sum of Y over the windows whose maximum a pixel is.</summary>
    public static readonly Kernel<MaxPool2dArgs> Backward = new Kernel<MaxPool2dArgs>("max_pool2d.backward")
        .OnCpu(DType.Float32, BackwardSimd)
        .OnCpu(DType.Float64, BackwardReference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Backward)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Backward)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Backward);
}
