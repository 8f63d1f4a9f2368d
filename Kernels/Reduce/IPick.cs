using System.Numerics;

namespace Diffract.Kernels;

/// <summary>Which of two numbers is wanted more; a NaN is wanted most, and the first of equals stays.</summary>
public interface IPick : INamed
{
    /// <summary>True when the candidate takes the place of the best so far.</summary>
    static abstract bool Beats<T>(T candidate, T best) where T : unmanaged, INumber<T>;
}
