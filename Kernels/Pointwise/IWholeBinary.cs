using System.Numerics;

namespace Diffract.Kernels;

/// <summary>A formula of two integers; overflow wraps around, as in PyTorch.</summary>
public interface IWholeBinary : INamed
{
    /// <summary>f(a, b).</summary>
    T Whole<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>;
}
