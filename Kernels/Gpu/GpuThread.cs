using System.Runtime.CompilerServices;
using ILGPU;

namespace Diffract.Kernels;

/// <summary>Where a GPU's thread is.</summary>
internal static class GpuThread
{
    /// <summary>Its number among all threads of a launch along the first axis.</summary>
    public static long Index
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (long)Grid.IdxX * Group.DimX + Group.IdxX;
    }
}
