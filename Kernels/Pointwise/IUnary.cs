namespace Diffract.Kernels;

/// <summary>A formula of one number, with its derivative. An implementation is a whole pointwise operation: a struct
/// with the operation's settings as fields and none for most.</summary>
public interface IUnary : INamed
{
    /// <summary>Which of x and y <see cref="Backward"/> reads; the other is not there.</summary>
    static abstract Keep Keeps { get; }

    /// <summary>y = f(x).</summary>
    T Forward<T>(T x) where T : unmanaged, ILane<T>;

    /// <summary>dx = f'(x)·dy.</summary>
    T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T>;
}
