using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Matrix products.</summary>
public static partial class MatMul
{
    /// <summary>C = alpha op(A) op(B) + beta C + bias + residual, over a batch.</summary>
    public static readonly Kernel<MatMulArgs> Run = new Kernel<MatMulArgs>("matmul")
        .OnCpu(DType.Float32, RunSimd)
        .OnCpu(DType.Float64, RunReference)
        .OnGpu(DType.Float32, RunGpu)
        .OnGpu(DType.Float16, RunGpu)
        .OnGpu(DType.BFloat16, RunGpu);

    /// <summary>Lays a right operand out as <see cref="Run"/> reads it, so that it need not at every call.</summary>
    public static readonly Kernel<MatMulPackArgs> Pack = new Kernel<MatMulPackArgs>("matmul.pack")
        .OnCpu(DType.Float32, PackSimd);
}
