using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Repetition of the pixels of channels-last images.</summary>
/// <param name="X">[batch, height, width, channels]: input, or gradient of the input in the backward.</param>
/// <param name="Y">[batch, scale · height, scale · width, channels]: output, or its gradient.</param>
/// <param name="Batch">Images.</param>
/// <param name="Height">Rows of the smaller image.</param>
/// <param name="Width">Columns of the smaller image.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Scale">How often a pixel is repeated along each axis.</param>
public readonly record struct UpsampleNearestArgs(
    View X, View Y, int Batch, int Height, int Width, int Channels, int Scale);

/// <summary>Enlargement by a whole number to the nearest pixel.</summary>
public static partial class UpsampleNearest
{
    /// <summary>Y[i, j] = X[i / scale, j / scale].</summary>
    public static readonly Kernel<UpsampleNearestArgs> Forward =
        new Kernel<UpsampleNearestArgs>("upsample_nearest.forward")
            .OnCpu(DType.Float32, ForwardSimd)
            .OnCpu(DType.Float64, ForwardReference)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Forward)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Forward)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Forward);

    /// <summary>X = sum of Y over the copies of each pixel.</summary>
    public static readonly Kernel<UpsampleNearestArgs> Backward =
        new Kernel<UpsampleNearestArgs>("upsample_nearest.backward")
            .OnCpu(DType.Float32, BackwardSimd)
            .OnCpu(DType.Float64, BackwardReference)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Backward)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Backward)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Backward);
}
