using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>What a fold is run on.</summary>
/// <param name="X">Input [Outer, Length, Inner], contiguous; the middle axis goes.</param>
/// <param name="Y">Result [Outer, Inner].</param>
/// <param name="Outer">Number of slabs.</param>
/// <param name="Length">Numbers that become one.</param>
/// <param name="Inner">Distance of those numbers.</param>
/// <param name="Scale">Factor of the result, applied before it is rounded: 1/Length for a mean.</param>
public readonly record struct FoldArgs(View X, View Y, long Outer, long Length, long Inner, double Scale = 1);

/// <summary>Adds up along the middle axis of an array.</summary>
/// <typeparam name="TFormula">What is added up.</typeparam>
public static partial class Fold<TFormula> where TFormula : struct, IFold
{
    /// <summary>y = what becomes of the sum over the middle axis, times the scale.</summary>
    public static readonly Kernel<FoldArgs> Forward = new Kernel<FoldArgs>(TFormula.Name)
        .OnCpu(DType.Float32, Simd)
        .OnCpu(DType.Float64, Reference)
        .OnGpu(DType.Float32, Gpu<float, SingleNumber>.Run)
        .OnGpu(DType.Float16, Gpu<ushort, HalfNumber>.Run)
        .OnGpu(DType.BFloat16, Gpu<ushort, BFloatNumber>.Run);
}
