using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Matrix products.</summary>
public static partial class MatMul
{
    /// <summary>C = alpha op(A) op(B) + beta C + bias + residual, over a batch.</summary>
    public static readonly Kernel<MatMulArgs> Run = new Kernel<MatMulArgs>("matmul")
        .OnCpu(DType.Float32, RunSimd)
        .OnCpu(DType.Float64, RunReference);

    /// <summary>Lays a right operand out as <see cref="Run"/> reads it, so that it need not at every call.</summary>
    public static readonly Kernel<PackArgs> Pack = new Kernel<PackArgs>("matmul.pack")
        .OnCpu(DType.Float32, PackSimd);

    /// <summary>Bytes of a packed right operand.</summary>
    public static long PackedBytes(int depth, int columns) => Panels.Floats(depth, columns) * sizeof(float);

    /// <summary>Arguments of <see cref="Pack"/>.</summary>
    /// <param name="B">[depth, columns], or [columns, depth] when transposed.</param>
    /// <param name="Packed">Memory of <see cref="PackedBytes"/>.</param>
    /// <param name="Depth">Length of the sums.</param>
    /// <param name="Columns">Columns of B.</param>
    /// <param name="Transposed">True when B is stored transposed.</param>
    public readonly record struct PackArgs(View B, View Packed, int Depth, int Columns, bool Transposed);
}
