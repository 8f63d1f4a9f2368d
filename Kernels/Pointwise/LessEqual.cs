using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>a ≤ b.</summary>
public readonly struct LessEqual : ICompare
{
    /// <inheritdoc/>
    public static string Name => "less_equal";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Test<T>(T a, T b) where T : unmanaged, INumber<T> => a <= b;
}
