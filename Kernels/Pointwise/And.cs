using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>Both: bit by bit, hence also of two truth values.</summary>
public readonly struct And : IWholeBinary
{
    /// <inheritdoc/>
    public static string Name => "and";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Whole<T>(T a, T b) where T : unmanaged, IBinaryInteger<T> => a & b;
}
