using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Operations on every element by itself; the formulas are in Kernels/Pointwise. Integers become float32
/// first, except where a comment says otherwise.</summary>
public static class PointwiseOps
{
    extension(Tensor x)
    {
        /// <summary>x·σ(x).</summary>
        public Tensor Silu() => Unary<Silu>(x);

        /// <summary>x·Φ(x), exact.</summary>
        public Tensor Gelu() => Unary<Gelu>(x);

        /// <summary>The tanh approximation of <see cref="Gelu(Tensor)"/>, PyTorch's <c>gelu(approximate='tanh')</c>.
        /// </summary>
        public Tensor GeluTanh() => Unary<GeluTanh>(x);

        /// <summary>max(x, 0).</summary>
        public Tensor Relu() => Unary<Relu>(x);

        /// <summary>1/(1+e⁻ˣ).</summary>
        public Tensor Sigmoid() => Unary<Sigmoid>(x);

        /// <summary>The hyperbolic tangent.</summary>
        public Tensor Tanh() => Unary<Tanh>(x);

        /// <summary>e to the power of x.</summary>
        public Tensor Exp() => Unary<Exp>(x);

        /// <summary>The natural logarithm; -∞ at 0, NaN below.</summary>
        public Tensor Log() => Unary<Log>(x);

        /// <summary>The square root; NaN below 0.</summary>
        public Tensor Sqrt() => Unary<Sqrt>(x);

        /// <summary>The magnitude; integers stay integers.</summary>
        public Tensor Abs() => x.DType.IsFloating() ? Unary<Abs>(x) : WholeAbs(x);

        /// <summary>-x; integers stay integers.</summary>
        public Tensor Neg() => x.DType.IsFloating() ? Unary<Neg>(x) : 0 - x;

        /// <summary>x to a constant power.</summary>
        public Tensor Pow(double exponent) => Unary(x, new Pow(exponent));

        /// <summary>Limits x to [<paramref name="min"/>, <paramref name="max"/>]; integers stay integers when both are
        /// whole or left out.</summary>
        public Tensor Clamp(double min = double.NegativeInfinity, double max = double.PositiveInfinity)
        {
            if (x.DType.IsFloating()) return Unary(x, new Clamp(min, max));
            using var scope = Scope.Open();
            var y = min == double.NegativeInfinity ? x : x.Maximum(min);
            return scope.Keep(max == double.PositiveInfinity ? y : y.Minimum(max));
        }

        /// <summary>The larger of two tensors, element by element, with broadcasting.</summary>
        public Tensor Maximum(Tensor other) => TensorOperators.Apply<Maximum>(x, other);

        /// <summary>The larger of each element and a number.</summary>
        public Tensor Maximum(double other) => TensorOperators.Apply<Maximum>(x, other);

        /// <summary>The smaller of two tensors, element by element, with broadcasting.</summary>
        public Tensor Minimum(Tensor other) => TensorOperators.Apply<Minimum>(x, other);

        /// <summary>The smaller of each element and a number.</summary>
        public Tensor Minimum(double other) => TensorOperators.Apply<Minimum>(x, other);
    }

    /// <summary>Runs any formula of one number: how to add one's own without an operation.</summary>
    /// <param name="x">Any shape; integers become float32.</param>
    /// <param name="formula">The formula with its settings.</param>
    public static Tensor Unary<TFormula>(Tensor x, TFormula formula = default) where TFormula : struct, IUnary =>
        Promotion.Float(x, x => Op.Apply(new UnaryOp<TFormula>(formula), x));

    /// <summary>Runs any formula of two numbers, with broadcasting: how to add one's own without an operation.
    /// </summary>
    /// <param name="a">Left operand; integers become float32.</param>
    /// <param name="b">Right operand.</param>
    public static Tensor Binary<TFormula>(Tensor a, Tensor b) where TFormula : struct, IBinary =>
        Promotion.Meet(a, b, static (a, b) => Promotion.Float(a, a =>
            Promotion.Float(b, b => Op.Apply(new BinaryOp<TFormula>(), a, b))));

    private static Tensor WholeAbs(Tensor x)
    {
        using var scope = Scope.Open();
        return scope.Keep(x.Maximum(-x));
    }
}
