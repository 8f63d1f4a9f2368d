using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>What products and convolutions with 16-bit floats share.</summary>
internal static class HalfProducts
{
    /// <summary>True when the device multiplies the inputs as they are: the first has 16 bits, and weight and bias have
    /// its type or are float32, to which they are rounded and added.</summary>
    public static bool Takes(Device device, Tensor? x, params ReadOnlySpan<Tensor?> parameters)
    {
        if (device is not GpuDevice { MultipliesHalf: true } || x is null || !x.DType.IsHalf()) return false;
        foreach (var parameter in parameters)
            if (parameter is not null && parameter.DType != x.DType && parameter.DType != DType.Float32) return false;
        return true;
    }

    /// <summary>The type that a parameter beside <paramref name="x"/> must have: its own, where that is float32 and the
    /// input is short.</summary>
    public static DType TypeBeside(Tensor x, Tensor? parameter) =>
        parameter is { DType: DType.Float32 } && x.DType.IsHalf() ? DType.Float32 : x.DType;

    /// <summary>A matrix in the operands' type, and whatever must stay alive while it is used.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="operands">The operands' type.</param>
    /// <param name="keep">True when the rounded matrix is kept for the next call.</param>
    public static Rounded Round(Tensor weight, DType operands, bool keep)
    {
        if (weight.DType == operands) return new(weight.View, null, null);
        if (!keep)
        {
            var rounded = weight.To(operands);
            return new(rounded.View, rounded, null);
        }
        var lease = PackedWeights.Rounded(weight, operands);
        return new(new View(lease.View.Address, weight.Count, operands), null, lease);
    }

    /// <summary>A rounded matrix.</summary>
    /// <param name="View">The matrix.</param>
    /// <param name="Made">The tensor that it is, when it was made for one call.</param>
    /// <param name="Lease">What keeps it, when it stays.</param>
    internal readonly record struct Rounded(View View, Tensor? Made, PackedWeights.Lease? Lease) : IDisposable
    {
        public void Dispose()
        {
            Made?.Dispose();
            Lease?.Dispose();
        }
    }
}
