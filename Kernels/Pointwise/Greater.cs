using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>a &gt; b.</summary>
public readonly struct Greater : ICompare
{
    /// <inheritdoc/>
    public static string Name => "greater";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Test<T>(T a, T b) where T : unmanaged, INumber<T> => a > b;
}
