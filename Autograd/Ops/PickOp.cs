using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>The largest or smallest value along an axis; its gradient goes to the first of equals.</summary>
internal sealed class PickOp<TFormula>(int axis, bool keepDim) : Op where TFormula : struct, IPick
{
    public override string Name => TFormula.Name;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        var plan = Picking.Plan(Name, x, axis);
        var y = Tensor.Empty(plan.Result(keepDim), x.DType, x.Device);
        using var indices = Tensor.Empty(plan.Kept, DType.Int64, x.Device);
        Pick<TFormula>.Forward.Run(x.Device, x.DType,
            new(x.View, y.View, indices.View, plan.Outer, plan.Length, plan.Inner));
        context.Save(indices);
        context.State = plan;
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var plan = (Axes)context.State!;
        context.SetGrad(0, Picking.Scatter(dy, context.Saved(0), plan, 1));
    }
}

/// <summary>Where along an axis the largest or smallest value is; the first of equals.</summary>
internal sealed class ArgPickOp<TFormula>(int axis, bool keepDim) : PlainOp where TFormula : struct, IPick
{
    public override string Name => "arg" + TFormula.Name;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        var plan = Picking.Plan(Name, x, axis);
        var indices = Tensor.Empty(plan.Result(keepDim), DType.Int64, x.Device);
        Pick<TFormula>.Forward.Run(x.Device, x.DType,
            new(x.View, default, indices.View, plan.Outer, plan.Length, plan.Inner));
        return indices;
    }
}

/// <summary>What operations that pick along one axis share.</summary>
internal static class Picking
{
    public static Axes Plan(string op, Tensor x, int axis)
    {
        var plan = new Axes(op, x.Shape, [axis]);
        return plan.Length > 0 || x.Count > 0 || plan.Outer * plan.Inner == 0
            ? plan
            : throw new ShapeException($"{op}: axis {axis} of {x.Shape} has no elements to choose from");
    }

    /// <summary>Gradients of what was picked, put back where it came from.</summary>
    /// <param name="dy">Gradient, <paramref name="k"/> places along the axis.</param>
    /// <param name="indices">The places, as many as gradients.</param>
    /// <param name="plan">The axis and the shape of the whole.</param>
    /// <param name="k">How many were picked along the axis.</param>
    public static Tensor Scatter(Tensor dy, Tensor indices, Axes plan, long k)
    {
        var dx = Tensor.Zeros(plan.Shape, dy.DType, dy.Device);
        Gather.Backward.Run(dy.Device, dy.DType,
            new(dx.View, indices.View, dy.View, plan.Outer, plan.Length, plan.Inner, k, PerElement: true));
        return dx;
    }
}
