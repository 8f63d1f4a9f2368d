namespace Diffract.Kernels;

/// <summary>A formula of one number, with its derivative. An implementation is a whole pointwise operation: a struct
/// with the operation's settings as fields and none for most.</summary>
public interface IUnary : INamed
{
    /// <summary>Which of x and y <see cref="Backward"/> reads; the other is not there.</summary>
    static abstract Keep Keeps { get; }

    /// <summary>True where 16 bits would lose too much of the result, its range or its digits: mixed precision then
    /// calculates it in float32.</summary>
    static virtual bool NeedsSingle => false;

    /// <summary>y = f(x).</summary>
    T Forward<T>(T x) where T : unmanaged, ILane<T>;

    /// <summary>dx = f'(x)·dy.</summary>
    T Backward<T>(T x, T y, T dy) where T : unmanaged, ILane<T>;
}
