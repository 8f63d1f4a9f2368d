using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>Either: bit by bit, hence also of two truth values.</summary>
public readonly struct Or : IWholeBinary
{
    /// <inheritdoc/>
    public static string Name => "or";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Whole<T>(T a, T b) where T : unmanaged, IBinaryInteger<T> => a | b;
}
