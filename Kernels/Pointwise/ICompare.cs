using System.Numerics;

namespace Diffract.Kernels;

/// <summary>A question about two numbers. Every comparison with a NaN is false, except "not equal".</summary>
public interface ICompare
{
    /// <summary>The operation's name in messages and in the op table.</summary>
    static abstract string Name { get; }

    /// <summary>The answer.</summary>
    bool Test<T>(T a, T b) where T : unmanaged, INumber<T>;
}
