using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>What follows a norm's affine map, in the same pass.</summary>
internal interface IActivation
{
    /// <summary>f(z).</summary>
    static abstract T Forward<T>(T z) where T : unmanaged, ILane<T>;

    /// <summary>dy f'(z).</summary>
    static abstract T Backward<T>(T z, T dy) where T : unmanaged, ILane<T>;
}

/// <summary>f(z) = z.</summary>
internal readonly struct NoActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Forward<T>(T z) where T : unmanaged, ILane<T> => z;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Backward<T>(T z, T dy) where T : unmanaged, ILane<T> => dy;
}

/// <summary>f(z) = z sigmoid(z).</summary>
internal readonly struct SiluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Forward<T>(T z) where T : unmanaged, ILane<T> => z * LaneMath.Sigmoid(z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Backward<T>(T z, T dy) where T : unmanaged, ILane<T>
    {
        var s = LaneMath.Sigmoid(z);
        return dy * s * T.MultiplyAdd(z, T.Of(1) - s, T.Of(1));
    }
}
