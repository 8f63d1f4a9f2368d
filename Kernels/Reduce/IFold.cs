namespace Diffract.Kernels;

/// <summary>How many numbers become one: a monoid over lanes. Partial results are merged in double precision, in an
/// order that depends on the shape alone.</summary>
public interface IFold : INamed
{
    /// <summary>The result of nothing.</summary>
    static abstract double Start { get; }

    /// <summary>Takes one more number in.</summary>
    static abstract T Step<T>(T sofar, T x) where T : unmanaged, ILane<T>;

    /// <summary>Joins two partial results.</summary>
    static abstract T Merge<T>(T a, T b) where T : unmanaged, ILane<T>;

    /// <summary>From the whole to the result.</summary>
    static virtual double Finish(double whole) => whole;
}
