using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A softmax, or its logarithm, of every row.</summary>
/// <param name="X">Input [rows, columns].</param>
/// <param name="Y">Output, like the input.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Elements of a row, at least 1.</param>
public readonly record struct SoftmaxArgs(View X, View Y, long Rows, int Columns);

/// <summary>The gradient of a softmax, or of its logarithm.</summary>
/// <param name="Y">Output of the forward.</param>
/// <param name="Dy">Its gradient.</param>
/// <param name="Dx">Gradient of the input.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Elements of a row.</param>
public readonly record struct SoftmaxBackwardArgs(View Y, View Dy, View Dx, long Rows, int Columns);

/// <summary>Softmax of rows: positive, with sum 1.</summary>
public static partial class Softmax
{
    /// <summary>y = e^x / sum(e^x).</summary>
    public static readonly Kernel<SoftmaxArgs> Forward = new Kernel<SoftmaxArgs>("softmax.forward")
        .OnCpu(DType.Float32, ForwardSimd)
        .OnCpu(DType.Float64, ForwardReference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Forward)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Forward)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Forward);

    /// <summary>dx = y (dy - sum(y dy)).</summary>
    public static readonly Kernel<SoftmaxBackwardArgs> Backward = new Kernel<SoftmaxBackwardArgs>("softmax.backward")
        .OnCpu(DType.Float32, BackwardSimd)
        .OnCpu(DType.Float64, BackwardReference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Backward)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Backward)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Backward);
}
