using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class TopKOp(long k, int axis, Tensor indices) : Op
{
    public override string Name => "top_k";

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        var plan = new Axes(Name, x.Shape, [axis]);
        var y = Tensor.Empty(indices.Shape, x.DType, x.Device);
        TopK.Forward.Run(x.Device, x.DType,
            new(x.View, y.View, indices.View, k, plan.Outer, plan.Length, plan.Inner));
        context.Save(indices);
        context.State = plan;
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy) =>
        context.SetGrad(0, Picking.Scatter(dy, context.Saved(0), (Axes)context.State!, k));
}

/// <summary>The largest elements along an axis.</summary>
public static class TopKOps
{
    extension(Tensor x)
    {
        /// <summary>The <paramref name="k"/> largest elements along an axis, descending, equal ones in the order they
        /// stand in; and where they are, Int64. The gradient goes to where they are.</summary>
        /// <param name="k">How many; the axis' new length.</param>
        /// <param name="axis">Counted from either end.</param>
        /// <exception cref="ShapeException">The axis has fewer elements.</exception>
        public (Tensor Values, Tensor Indices) TopK(long k, int axis = -1)
        {
            if (k < 0 || k > x.Shape[x.Shape.Axis(axis)])
                throw new ShapeException($"top_k: axis {axis} of {x.Shape} does not have {k} elements");
            var indices = Tensor.Empty(x.Shape.With(axis, k), DType.Int64, x.Device);
            return (Op.Apply(new TopKOp(k, axis, indices), x), indices);
        }
    }
}
