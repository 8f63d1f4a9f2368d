using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Arithmetic with + - * / and logic with &amp; | ^ !. Shapes are broadcast: counted from the last axis,
/// lengths are equal or one of them is 1. Types meet as in PyTorch, integers stay integers except in a division.
/// </summary>
public static class TensorOperators
{
    extension(Tensor)
    {
        /// <summary>a + b.</summary>
        public static Tensor operator +(Tensor a, Tensor b) => Apply<Add>(a, b);

        /// <summary>a + b.</summary>
        public static Tensor operator +(Tensor a, double b) => Apply<Add>(a, b);

        /// <summary>a + b.</summary>
        public static Tensor operator +(double a, Tensor b) => Apply<Add>(b, a);

        /// <summary>a - b.</summary>
        public static Tensor operator -(Tensor a, Tensor b) => Apply<Sub>(a, b);

        /// <summary>a - b.</summary>
        public static Tensor operator -(Tensor a, double b) => Apply<Sub>(a, b);

        /// <summary>a - b.</summary>
        public static Tensor operator -(double a, Tensor b) => Apply<Sub>(a, b);

        /// <summary>-a.</summary>
        public static Tensor operator -(Tensor a) => a.Neg();

        /// <summary>a·b, element by element.</summary>
        public static Tensor operator *(Tensor a, Tensor b) => Apply<Mul>(a, b);

        /// <summary>a·b.</summary>
        public static Tensor operator *(Tensor a, double b) => Apply<Mul>(a, b);

        /// <summary>a·b.</summary>
        public static Tensor operator *(double a, Tensor b) => Apply<Mul>(b, a);

        /// <summary>a/b; integers become float32.</summary>
        public static Tensor operator /(Tensor a, Tensor b) => PointwiseOps.Binary<Div>(a, b);

        /// <summary>a/b; integers become float32.</summary>
        public static Tensor operator /(Tensor a, double b) => PointwiseOps.Unary(a, new WithRight<Div>(b));

        /// <summary>a/b; integers become float32.</summary>
        public static Tensor operator /(double a, Tensor b) => PointwiseOps.Unary(b, new WithLeft<Div>(a));

        /// <summary>Both, of Bool; bit by bit, of integers.</summary>
        public static Tensor operator &(Tensor a, Tensor b) => Logic<And>(a, b);

        /// <summary>Either, of Bool; bit by bit, of integers.</summary>
        public static Tensor operator |(Tensor a, Tensor b) => Logic<Or>(a, b);

        /// <summary>One but not both, of Bool; bit by bit, of integers.</summary>
        public static Tensor operator ^(Tensor a, Tensor b) => Logic<Xor>(a, b);

        /// <summary>The opposite, of Bool.</summary>
        public static Tensor operator !(Tensor a) => a.DType == DType.Bool
            ? a.Equal(0)
            : throw new DTypeException($"! takes Bool, found {a.DType}; compare with 0 instead");
    }

    internal static Tensor Apply<TFormula>(Tensor a, Tensor b) where TFormula : struct, IBinary, IWholeBinary =>
        Promotion.Meet(a, b, Calculate<TFormula>);

    internal static Tensor Apply<TFormula>(Tensor a, double b) where TFormula : struct, IBinary, IWholeBinary =>
        a.DType.IsFloating()
            ? PointwiseOps.Unary(a, new WithRight<TFormula>(b))
            : Promotion.Meet(a, b, Calculate<TFormula>);

    internal static Tensor Apply<TFormula>(double a, Tensor b) where TFormula : struct, IBinary, IWholeBinary =>
        b.DType.IsFloating()
            ? PointwiseOps.Unary(b, new WithLeft<TFormula>(a))
            : Promotion.Meet(a, b, Calculate<TFormula>);

    private static Tensor Calculate<TFormula>(Tensor a, Tensor b) where TFormula : struct, IBinary, IWholeBinary =>
        a.DType switch
        {
            DType.Bool => throw new DTypeException($"{TFormula.Name} does not take two Bool tensors: combine them with "
                + "& | ^, or convert one with To"),
            var dtype when dtype.IsFloating() => Op.Apply(new BinaryOp<TFormula>(), a, b),
            _ => Op.Apply(new WholeOp<TFormula>(), a, b),
        };

    private static Tensor Logic<TFormula>(Tensor a, Tensor b) where TFormula : struct, IWholeBinary =>
        Promotion.Meet(a, b, static (a, b) => a.DType.IsFloating()
            ? throw new DTypeException($"{TFormula.Name} takes Bool or integers, found {a.DType}")
            : Op.Apply(new WholeOp<TFormula>(), a, b));
}
