using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What the manifest says of one tensor of a fixture.</summary>
/// <param name="DType">Type of the stored elements; null when the manifest does not say.</param>
/// <param name="Shape">Lengths of the axes; null when the manifest does not say.</param>
/// <param name="Atol">Recommended absolute tolerance, where the value was computed.</param>
/// <param name="Rtol">Recommended tolerance relative to the stored value.</param>
/// <param name="SingleError">Largest difference of the float32 and the float64 run of the code it came from.</param>
/// <param name="Largest">Largest magnitude.</param>
internal sealed record TensorSpec(
    DType? DType, Shape? Shape, double? Atol, double? Rtol, double? SingleError, double? Largest)
{
    /// <summary>A tensor of which the manifest says nothing.</summary>
    public static TensorSpec Unknown { get; } = new(null, null, null, null, null, null);

    /// <summary>True for a value that the original code computed, which a runner must therefore check.</summary>
    public bool IsResult => Atol is not null || SingleError is not null;
}
