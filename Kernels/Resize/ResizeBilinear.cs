using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Resizing of channels-last images.</summary>
/// <param name="X">[batch, rows.In, columns.In, channels]: input, or gradient of the input in the backward.</param>
/// <param name="Y">[batch, rows.Out, columns.Out, channels]: output, or its gradient.</param>
/// <param name="Batch">Images.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Rows">Lengths along the height.</param>
/// <param name="Columns">Lengths along the width.</param>
public readonly record struct ResizeBilinearArgs(
    View X, View Y, int Batch, int Channels, ResizeAxis Rows, ResizeAxis Columns);

/// <summary>Bilinear interpolation between the four nearest pixels, without antialiasing.</summary>
public static partial class ResizeBilinear
{
    /// <summary>Y = X at the source positions.</summary>
    public static readonly Kernel<ResizeBilinearArgs> Forward =
        new Kernel<ResizeBilinearArgs>("resize_bilinear.forward")
            .OnCpu(DType.Float32, ForwardSimd)
            .OnCpu(DType.Float64, ForwardReference)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Forward)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Forward)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Forward);

    /// <summary>X = Y, each weighted as it was read.</summary>
    public static readonly Kernel<ResizeBilinearArgs> Backward =
        new Kernel<ResizeBilinearArgs>("resize_bilinear.backward")
            .OnCpu(DType.Float32, BackwardSimd)
            .OnCpu(DType.Float64, BackwardReference)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Backward)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Backward)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Backward);
}
