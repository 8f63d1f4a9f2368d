using System.Runtime.CompilerServices;

namespace Diffract.Kernels;

/// <summary>The tanh approximation of the Gaussian error linear unit (Hendrycks and Gimpel 2016), y = x·(1 + tanh(u)) /
/// 2 with u = √(2/π)·(x + 0.044715·x³), written as y = x·σ(2u), which keeps its digits where tanh nears -1.</summary>
public readonly struct GeluTanh : IUnary
{
    private const double Slope = 2 * 0.79788456080286536;
    private const double Cubic = 0.044715;

    /// <inheritdoc/>
    public static string Name => "gelu_tanh";

    /// <inheritdoc/>
    public static Keep Keeps => Keep.Input;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : unmanaged, ILane<T> => x * Gate(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T>
    {
        var gate = Gate(x);
        var slope = T.MultiplyAdd(x * x, T.Of(3 * Slope * Cubic), T.Of(Slope));
        return dy * gate * T.MultiplyAdd(x * slope, T.Of(1) - gate, T.Of(1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Gate<T>(T x) where T : unmanaged, ILane<T> =>
        LaneMath.Sigmoid(x * T.MultiplyAdd(x * x, T.Of(Slope * Cubic), T.Of(Slope)));
}
