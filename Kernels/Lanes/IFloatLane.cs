namespace Diffract.Kernels;

/// <summary>A lane of 32-bit floats, whose bits <see cref="LaneMath"/> takes apart. The scalar and the vector do the
/// same operations in the same order, so an element's result does not depend on which of them it met.</summary>
/// <typeparam name="TSelf">The implementing type.</typeparam>
public interface IFloatLane<TSelf> : ILane<TSelf> where TSelf : unmanaged, IFloatLane<TSelf>
{
    /// <summary>The nearest integer, ties to even.</summary>
    static abstract TSelf Round(TSelf x);

    /// <summary>2 to an integral power from -126 to 127; 0 for -127 and ∞ for 128.</summary>
    static abstract TSelf PowerOfTwo(TSelf n);

    /// <summary>The smaller of a number and a bound; NaN when the number is.</summary>
    static abstract TSelf AtMost(TSelf bound, TSelf x);

    /// <summary>The larger of a number and a bound; NaN when the number is.</summary>
    static abstract TSelf AtLeast(TSelf bound, TSelf x);

    /// <summary>Splits a positive normal number into m·2ᵉ with √½ ≤ m &lt; √2.</summary>
    static abstract TSelf Split(TSelf x, out TSelf exponent);

    /// <summary>The magnitude of one number with the sign of another.</summary>
    static abstract TSelf CopySign(TSelf magnitude, TSelf sign);
}
