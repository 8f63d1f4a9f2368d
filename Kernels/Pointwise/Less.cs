using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>a &lt; b.</summary>
public readonly struct Less : ICompare
{
    /// <inheritdoc/>
    public static string Name => "less";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Test<T>(T a, T b) where T : unmanaged, INumber<T> => a < b;
}
