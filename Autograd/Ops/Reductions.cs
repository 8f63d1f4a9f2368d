using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Reductions over any set of axes. Axes count from either end; none named means all. Float32 is added up
/// in double precision, in an order that the shape alone decides, and rounded once.</summary>
public static class Reductions
{
    extension(Tensor x)
    {
        /// <summary>The sum; integers and Bool give Int64.</summary>
        /// <param name="axes">Axes to remove.</param>
        /// <param name="keepDim">Keeps them with length 1.</param>
        /// <exception cref="ShapeException">No such axis, or one named twice.</exception>
        public Tensor Sum(ReadOnlySpan<int> axes = default, bool keepDim = false) =>
            Op.Apply(new SumOp([.. axes], keepDim), x);

        /// <inheritdoc cref="Sum(Tensor, ReadOnlySpan{int}, bool)"/>
        public Tensor Sum(int axis, bool keepDim = false) => x.Sum([axis], keepDim);

        /// <summary>The mean; integers and Bool become float32 first. NaN of nothing.</summary>
        /// <inheritdoc cref="Sum(Tensor, ReadOnlySpan{int}, bool)"/>
        public Tensor Mean(ReadOnlySpan<int> axes = default, bool keepDim = false)
        {
            var op = new MeanOp([.. axes], keepDim);
            return Promotion.Float(x, x => Op.Apply(op, x));
        }

        /// <inheritdoc cref="Mean(Tensor, ReadOnlySpan{int}, bool)"/>
        public Tensor Mean(int axis, bool keepDim = false) => x.Mean([axis], keepDim);

        /// <summary>The variance: the mean square distance from the mean.</summary>
        /// <param name="axes">Axes to remove.</param>
        /// <param name="unbiased">Divides by one less than the number of elements (Bessel).</param>
        /// <param name="keepDim">Keeps the axes with length 1.</param>
        public Tensor Var(ReadOnlySpan<int> axes = default, bool unbiased = true, bool keepDim = false)
        {
            var op = new VarOp([.. axes], unbiased, keepDim);
            return Promotion.Float(x, x => Op.Apply(op, x));
        }

        /// <inheritdoc cref="Var(Tensor, ReadOnlySpan{int}, bool, bool)"/>
        public Tensor Var(int axis, bool unbiased = true, bool keepDim = false) => x.Var([axis], unbiased, keepDim);

        /// <summary>The Euclidean length: the root of the sum of squares. The gradient at 0 is 0.</summary>
        /// <inheritdoc cref="Sum(Tensor, ReadOnlySpan{int}, bool)"/>
        public Tensor Norm2(ReadOnlySpan<int> axes = default, bool keepDim = false)
        {
            var op = new Norm2Op([.. axes], keepDim);
            return Promotion.Float(x, x => Op.Apply(op, x));
        }

        /// <summary>The largest element, NaN when one is; its gradient goes to the first of equals.</summary>
        public Tensor Max() => Flat(x, static x => x.Max(0));

        /// <summary>The largest elements along an axis.</summary>
        /// <inheritdoc cref="ArgMax(Tensor, int, bool)"/>
        public Tensor Max(int axis, bool keepDim = false) => Op.Apply(new PickOp<Largest>(axis, keepDim), x);

        /// <summary>The smallest element, NaN when one is; its gradient goes to the first of equals.</summary>
        public Tensor Min() => Flat(x, static x => x.Min(0));

        /// <summary>The smallest elements along an axis.</summary>
        /// <inheritdoc cref="ArgMax(Tensor, int, bool)"/>
        public Tensor Min(int axis, bool keepDim = false) => Op.Apply(new PickOp<Smallest>(axis, keepDim), x);

        /// <summary>Where the largest elements along an axis are, Int64; the first of equals, a NaN before all.
        /// </summary>
        /// <param name="axis">Axis to remove, counted from either end.</param>
        /// <param name="keepDim">Keeps it with length 1.</param>
        /// <exception cref="ShapeException">No such axis, or it has no elements.</exception>
        public Tensor ArgMax(int axis = -1, bool keepDim = false) =>
            Op.Apply(new ArgPickOp<Largest>(axis, keepDim), x);

        /// <summary>Where the smallest elements along an axis are, Int64; the first of equals, a NaN before all.
        /// </summary>
        /// <inheritdoc cref="ArgMax(Tensor, int, bool)"/>
        public Tensor ArgMin(int axis = -1, bool keepDim = false) =>
            Op.Apply(new ArgPickOp<Smallest>(axis, keepDim), x);

        /// <summary>Whether all elements of a Bool tensor hold; true of nothing.</summary>
        /// <inheritdoc cref="Sum(Tensor, ReadOnlySpan{int}, bool)"/>
        public Tensor All(ReadOnlySpan<int> axes = default, bool keepDim = false) =>
            Op.Apply(new TruthOp<AllFold>([.. axes], keepDim), x);

        /// <summary>Whether any element of a Bool tensor holds; false of nothing.</summary>
        /// <inheritdoc cref="Sum(Tensor, ReadOnlySpan{int}, bool)"/>
        public Tensor Any(ReadOnlySpan<int> axes = default, bool keepDim = false) =>
            Op.Apply(new TruthOp<AnyFold>([.. axes], keepDim), x);
    }

    private static Tensor Flat(Tensor x, Func<Tensor, Tensor> choose)
    {
        using var flat = x.Flatten();
        return choose(flat);
    }
}
