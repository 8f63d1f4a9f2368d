using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tests.Autograd;

/// <summary>Operations written from outside, as a user would: small enough to check by hand, and independent of the
/// library's own. Float64 only.</summary>
internal static class Toys
{
    public static Tensor Leaf(params double[] values)
    {
        var leaf = Tensor.From(values);
        leaf.RequiresGrad = true;
        return leaf;
    }

    public static Tensor Square(Tensor x) => Op.Apply(new SquareOp(), x);

    public static Tensor Product(Tensor a, Tensor b) => Op.Apply(new ProductOp(), a, b);

    public static Tensor Add(Tensor a, Tensor b) => Op.Apply(new AddOp(), a, b);

    public static Tensor Total(Tensor x) => Op.Apply(new TotalOp(), x);

    public static Tensor Same(Tensor x) => Op.Apply(new SameOp(), x);

    public static Tensor Map(Tensor x, Func<double, double> formula)
    {
        var y = Tensor.Empty(x.Shape, DType.Float64);
        for (var i = 0; i < x.Count; i++) y.AsSpan<double>()[i] = formula(x.AsSpan<double>()[i]);
        return y;
    }

    private static Tensor Zip(Tensor a, Tensor b, Func<double, double, double> formula)
    {
        var y = Tensor.Empty(a.Shape, DType.Float64);
        for (var i = 0; i < a.Count; i++) y.AsSpan<double>()[i] = formula(a.AsSpan<double>()[i], b.AsSpan<double>()[i]);
        return y;
    }

    public sealed class SquareOp : Op
    {
        protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
        {
            context.Save(inputs[0]);
            return Map(inputs[0]!, x => x * x);
        }

        protected override void Backward(OpContext context, Tensor dy) =>
            context.SetGrad(0, Zip(context.Saved(0), dy, (x, d) => 2 * x * d));
    }

    public sealed class ProductOp : Op
    {
        /// <summary>Every gradient calculated, in order: which input of which call.</summary>
        public static List<int> Calculated { get; } = [];

        protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
        {
            context.Save(inputs[0]);
            context.Save(inputs[1]);
            return Zip(inputs[0]!, inputs[1]!, (a, b) => a * b);
        }

        protected override void Backward(OpContext context, Tensor dy)
        {
            for (var i = 0; i < 2; i++)
            {
                if (!context.Needs(i)) continue;
                Calculated.Add(i);
                context.SetGrad(i, Zip(context.Saved(1 - i), dy, (other, d) => other * d));
            }
        }
    }

    /// <summary>Hands the very same tensor to both inputs, so that whoever adds to it in place spoils the other.
    /// </summary>
    public sealed class AddOp : Op
    {
        protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs) =>
            Zip(inputs[0]!, inputs[1]!, (a, b) => a + b);

        protected override void Backward(OpContext context, Tensor dy)
        {
            context.SetGrad(0, dy);
            context.SetGrad(1, dy);
        }
    }

    /// <summary>Its gradient is one number seen through strides of zero.</summary>
    public sealed class TotalOp : Op
    {
        protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
        {
            context.State = inputs[0]!.Shape;
            return Tensor.From([inputs[0]!.ToArray<double>().Sum()], Shape.Scalar);
        }

        protected override void Backward(OpContext context, Tensor dy)
        {
            var shape = (Shape)context.State!;
            context.SetGrad(0, dy.Window(shape, dy.Offset, new long[shape.Rank]));
        }
    }

    public sealed class SameOp : Op
    {
        protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs) => Map(inputs[0]!, x => x);

        protected override void Backward(OpContext context, Tensor dy) => context.SetGrad(0, dy);
    }

    /// <summary>An operation made of two functions, for faults on purpose.</summary>
    public sealed class FormulaOp(string name, Func<double, double> forward, Func<double, double, double> backward) : Op
    {
        public override string Name => name;

        protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
        {
            context.Save(inputs[0]);
            return Map(inputs[0]!, forward);
        }

        protected override void Backward(OpContext context, Tensor dy) =>
            context.SetGrad(0, Zip(context.Saved(0), dy, backward));
    }

    /// <summary>An operation whose forward is given whole.</summary>
    public sealed class ForwardOp(Func<Tensor, Tensor> forward, Func<Tensor, Tensor>? backward = null) : Op
    {
        protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs) => forward(inputs[0]!);

        protected override void Backward(OpContext context, Tensor dy) =>
            context.SetGrad(0, (backward ?? (d => d))(dy));
    }
}
