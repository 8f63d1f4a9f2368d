namespace Diffract.Kernels;

/// <summary>How many integers become one; truth values are integers of 0 and 1.</summary>
public interface IWholeFold : INamed
{
    /// <summary>The result of nothing.</summary>
    static abstract long WholeStart { get; }

    /// <summary>Takes one more integer in; overflow wraps around.</summary>
    static abstract long WholeStep(long sofar, long x);
}
