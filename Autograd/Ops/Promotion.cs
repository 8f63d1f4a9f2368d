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

    /// <summary>Runs an operation on two operands that are brought to one type first.</summary>
    public static Tensor Meet(Tensor a, Tensor b, Func<Tensor, Tensor, Tensor> run)
    {
        if (a.DType == b.DType) return run(a, b);
        using var scope = Scope.Open();
        var dtype = Of(a.DType, b.DType);
        return scope.Keep(run(a.To(dtype), b.To(dtype)));
    }

    /// <summary>Runs an operation on a tensor and a number.</summary>
    public static Tensor Meet(Tensor a, double b, Func<Tensor, Tensor, Tensor> run)
    {
        using var scope = Scope.Open();
        return scope.Keep(Meet(a, Scalar(b, a), run));
    }

    /// <summary>Runs an operation on a number and a tensor.</summary>
    public static Tensor Meet(double a, Tensor b, Func<Tensor, Tensor, Tensor> run)
    {
        using var scope = Scope.Open();
        return scope.Keep(Meet(Scalar(a, b), b, run));
    }

    /// <summary>Runs an operation that takes floating-point numbers; others become float32 first.</summary>
    public static Tensor Float(Tensor x, Func<Tensor, Tensor> run)
    {
        if (x.DType.IsFloating()) return run(x);
        using var scope = Scope.Open();
        return scope.Keep(run(x.To(DType.Float32)));
    }

    // Of the other operand's type, except that a fraction makes floats of integers, and a whole number integers of
    // truths.
    private static Tensor Scalar(double value, Tensor other)
    {
        var dtype = other.DType.IsFloating() ? other.DType
            : value != Math.Truncate(value) ? DType.Float32
            : other.DType == DType.Bool ? DType.Int64
            : other.DType;
        return Tensor.Full(Shape.Scalar, value, dtype, other.Device);
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
