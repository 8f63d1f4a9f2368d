using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>What follows a norm's affine map, in the same pass.</summary>
internal interface IActivation
{
    /// <summary>f(z).</summary>
    static abstract T Forward<T>(T z) where T : unmanaged, IFloatLane<T>;

    /// <summary>dy f'(z).</summary>
    static abstract T Backward<T>(T z, T dy) where T : unmanaged, IFloatLane<T>;
}

/// <summary>f(z) = z.</summary>
internal readonly struct NoActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Forward<T>(T z) where T : unmanaged, IFloatLane<T> => z;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Backward<T>(T z, T dy) where T : unmanaged, IFloatLane<T> => dy;
}

/// <summary>f(z) = z sigmoid(z), whose exponential may be flushed because it meets a 1.</summary>
internal readonly struct SiluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Forward<T>(T z) where T : unmanaged, IFloatLane<T> => z / (T.Of(1) + LaneMath.ExpFlushed(-z));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Backward<T>(T z, T dy) where T : unmanaged, IFloatLane<T>
    {
        var s = T.Of(1) / (T.Of(1) + LaneMath.ExpFlushed(-z));
        return dy * s * T.MultiplyAdd(z, T.Of(1) - s, T.Of(1));
    }
}
