using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The larger number wins.</summary>
public readonly struct Largest : IPick
{
    /// <inheritdoc/>
    public static string Name => "max";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Beats<T>(T candidate, T best) where T : unmanaged, INumber<T> =>
        candidate > best || (T.IsNaN(candidate) && !T.IsNaN(best));
}
