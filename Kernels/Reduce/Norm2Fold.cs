using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Diffract.Kernels;

/// <summary>The root of the sum of squares.</summary>
public readonly struct Norm2Fold : IFold
{
    /// <inheritdoc/>
    public static string Name => "norm2";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Term<T>(T x) where T : unmanaged, ILane<T> => x * x;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Finish(double sum) => Math.Sqrt(sum);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double FinishOnGpu(double sum)
    {
        CudaAsm.Emit("sqrt.rn.f64 %0, %1;", out double root, sum);
        return root;
    }
}
