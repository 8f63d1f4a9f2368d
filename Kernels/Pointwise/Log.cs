using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The natural logarithm.</summary>
public readonly struct Log : IUnary
{
    /// <inheritdoc/>
    public static string Name => "log";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Input;

    /// <inheritdoc/>
    public static bool NeedsSingle => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => T.Log(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T> => dy / x;
}
