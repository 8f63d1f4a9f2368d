using System.Numerics;
using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>One but not both: bit by bit, hence also of two truth values.</summary>
public readonly struct Xor : IWholeBinary
{
    /// <inheritdoc/>
    public static string Name => "xor";

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Whole<T>(T a, T b) where T : unmanaged, IBinaryInteger<T> => a ^ b;
}
