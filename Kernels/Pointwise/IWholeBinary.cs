using System.Numerics;

namespace Diffract.Kernels;

/// <summary>A formula of two integers; overflow wraps around, as in PyTorch.</summary>
public interface IWholeBinary
{
    /// <summary>The operation's name in messages and in the op table.</summary>
    static abstract string Name { get; }

    /// <summary>f(a, b).</summary>
    T Whole<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>;
}
