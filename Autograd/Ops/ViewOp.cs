using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>An operation whose result is a window on its input's memory.</summary>
internal abstract class ViewOp : Op
{
    protected sealed override bool TakesAnyLayout => true;

    protected sealed override bool TakesHalf => true;

    protected sealed override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        context.State = inputs[0]!.Shape;
        return View(inputs[0]!);
    }

    protected sealed override void Backward(OpContext context, Tensor dy) =>
        context.SetGrad(0, Gradient(dy, (Shape)context.State!));

    protected abstract Tensor View(Tensor x);

    /// <summary>The gradient of the input, which has the given shape.</summary>
    protected abstract Tensor Gradient(Tensor dy, Shape shape);
}

internal sealed class ReshapeOp(Shape shape) : ViewOp
{
    public override string Name => "reshape";

    protected override Tensor View(Tensor x) => x.Window(shape, x.Offset);

    protected override Tensor Gradient(Tensor dy, Shape shape) => dy.Reshape(shape);
}

/// <summary>Axes of length 1 come or go.</summary>
internal sealed class SqueezeOp(Shape shape, long[] steps) : ViewOp
{
    public override string Name => "squeeze";

    protected override Tensor View(Tensor x) => x.Window(shape, x.Offset, steps);

    protected override Tensor Gradient(Tensor dy, Shape shape) => dy.Reshape(shape);
}

internal sealed class PermuteOp(int[] axes) : ViewOp
{
    public override string Name => "permute";

    protected override Tensor View(Tensor x)
    {
        var lengths = new long[axes.Length];
        var steps = new long[axes.Length];
        for (var i = 0; i < axes.Length; i++) (lengths[i], steps[i]) = (x.Shape[axes[i]], x.Steps[axes[i]]);
        return x.Window(Shape.Of(lengths), x.Offset, steps);
    }

    protected override Tensor Gradient(Tensor dy, Shape shape)
    {
        var back = new int[axes.Length];
        for (var i = 0; i < axes.Length; i++) back[axes[i]] = i;
        return dy.Permute(back);
    }
}

internal sealed class SliceOp(int axis, long start, long length, long step) : ViewOp
{
    public override string Name => "slice";

    protected override Tensor View(Tensor x)
    {
        var steps = x.Steps.ToArray();
        var offset = x.Offset + (length == 0 ? 0 : start * steps[axis]);
        steps[axis] *= step;
        return x.Window(x.Shape.With(axis, length), offset, steps);
    }

    protected override Tensor Gradient(Tensor dy, Shape shape)
    {
        var dx = Tensor.Zeros(shape, dy.DType, dy.Device);
        using var part = dx.Slice(axis, start, length, step);
        InPlace.Copy(dy, part);
        return dx;
    }
}

internal sealed class BroadcastOp(Shape shape) : ViewOp
{
    public override string Name => "broadcast";

    protected override Tensor View(Tensor x)
    {
        var steps = new long[shape.Rank];
        var extra = shape.Rank - x.Rank;
        for (var i = extra; i < shape.Rank; i++)
            steps[i] = x.Shape[i - extra] == shape[i] ? x.Steps[i - extra] : 0;
        return x.Window(shape, x.Offset, steps);
    }

    protected override Tensor Gradient(Tensor dy, Shape shape) => dy.SumTo(shape);
}
