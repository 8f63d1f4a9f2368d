using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>What happens when two types meet: as in PyTorch, floats win over integers and wide over narrow; the two
/// 16-bit floats meet in float32.</summary>
internal static class Promotion
{
    /// <summary>The type in which both can be calculated.</summary>
    public static DType Of(DType a, DType b) => a == b ? a
        : a.IsHalf() && b.IsHalf() ? DType.Float32
        : Rank(a) > Rank(b) ? a : b;

    /// <summary>Brings two operands to one type.</summary>
    public static (Tensor A, Tensor B) Meet(Tensor a, Tensor b)
    {
        var dtype = Of(a.DType, b.DType);
        return (a.To(dtype), b.To(dtype));
    }

    /// <summary>A number as a tensor without axes that can meet <paramref name="other"/>: of its type, except that a
    /// fraction makes floats of integers.</summary>
    public static Tensor Scalar(double value, Tensor other)
    {
        var fits = other.DType.IsFloating() || (value == Math.Truncate(value) && other.DType != DType.Bool);
        return Tensor.Full(Shape.Scalar, value, fits ? other.DType : DType.Float32, other.Device);
    }

    private static int Rank(DType dtype) => dtype switch
    {
        DType.Bool => 0,
        DType.UInt8 => 1,
        DType.Int32 => 2,
        DType.Int64 => 3,
        DType.Float16 or DType.BFloat16 => 4,
        DType.Float32 => 5,
        _ => 6,
    };
}
