using System.Numerics;

namespace Diffract.Kernels;

/// <summary>A question about two numbers. Every comparison with a NaN is false, except "not equal".</summary>
public interface ICompare : INamed
{
    /// <summary>The answer.</summary>
    bool Test<T>(T a, T b) where T : unmanaged, INumber<T>;
}
