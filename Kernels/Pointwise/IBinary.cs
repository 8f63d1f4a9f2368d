namespace Diffract.Kernels;

/// <summary>A formula of two numbers, with its two partial derivatives.</summary>
public interface IBinary : INamed
{
    /// <summary>What <see cref="BackwardLeft"/> reads beside dy; the rest is not there.</summary>
    static abstract Keep LeftKeeps { get; }

    /// <summary>What <see cref="BackwardRight"/> reads beside dy; the rest is not there.</summary>
    static abstract Keep RightKeeps { get; }

    /// <summary>True when the left gradient is dy itself, so that nothing needs to be calculated.</summary>
    static virtual bool LeftIsDy => false;

    /// <summary>True when the right gradient is dy itself.</summary>
    static virtual bool RightIsDy => false;

    /// <summary>y = f(a, b).</summary>
    T Forward<T>(T a, T b) where T : unmanaged, ILane<T>;

    /// <summary>da = ∂f/∂a·dy.</summary>
    T BackwardLeft<T>(T a, T b, T y, T dy) where T : unmanaged, ILane<T>;

    /// <summary>db = ∂f/∂b·dy.</summary>
    T BackwardRight<T>(T a, T b, T y, T dy) where T : unmanaged, ILane<T>;
}
