using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Logarithm of the softmax of rows, without the underflow that calculating it in two steps would have.
/// </summary>
public static partial class LogSoftmax
{
    /// <summary>y = x - log(sum(e^x)).</summary>
    public static readonly Kernel<SoftmaxArgs> Forward = new Kernel<SoftmaxArgs>("log_softmax.forward")
        .OnCpu(DType.Float32, ForwardSimd)
        .OnCpu(DType.Float64, ForwardReference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Forward)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Forward)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Forward);

    /// <summary>dx = dy - e^y sum(dy).</summary>
    public static readonly Kernel<SoftmaxBackwardArgs> Backward =
        new Kernel<SoftmaxBackwardArgs>("log_softmax.backward")
            .OnCpu(DType.Float32, BackwardSimd)
            .OnCpu(DType.Float64, BackwardReference)
            .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Backward)
            .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Backward)
            .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Backward);
}
