using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The smaller number wins.</summary>
public readonly struct Smallest : IPick
{
    /// <inheritdoc/>
    public static string Name => "min";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Beats<T>(T candidate, T best) where T : unmanaged, INumber<T> =>
        candidate < best || (T.IsNaN(candidate) && !T.IsNaN(best));
}
