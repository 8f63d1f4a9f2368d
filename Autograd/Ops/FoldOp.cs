using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>A sum over some axes, times a number that depends on how many were added.</summary>
internal abstract class TotalOp(int[] axes, bool keepDim) : Op
{
    protected abstract double Factor(long length);

    protected override CastRule CastRule => CastRule.Single;

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        Fold<SumFold>.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        var plan = new Axes(Name, x.Shape, axes);
        context.State = plan;
        return x.DType.IsFloating()
            ? Folding.Float<SumFold>(x, plan, keepDim, Factor(plan.Length))
            : Folding.Whole<SumFold>(x, plan, keepDim, DType.Int64);
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var plan = (Axes)context.State!;
        var each = dy * Factor(plan.Length);
        context.SetGrad(0, each.Reshape(plan.Kept).Broadcast(plan.Shape));
    }
}

/// <summary>The sum; integers and truth values add up to Int64.</summary>
internal sealed class SumOp(int[] axes, bool keepDim) : TotalOp(axes, keepDim)
{
    public override string Name => "sum";

    protected override double Factor(long length) => 1;
}

/// <summary>The mean.</summary>
internal sealed class MeanOp(int[] axes, bool keepDim) : TotalOp(axes, keepDim)
{
    public override string Name => "mean";

    protected override double Factor(long length) => 1.0 / length;
}

/// <summary>The root of the sum of squares over some axes.</summary>
internal sealed class Norm2Op(int[] axes, bool keepDim) : Op
{
    public override string Name => "norm2";

    protected override CastRule CastRule => CastRule.Single;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        var plan = new Axes(Name, x.Shape, axes);
        var y = Folding.Float<Norm2Fold>(x, plan, keepDim);
        context.Save(x);
        context.Save(y);
        context.State = plan;
        return y;
    }

    // dx = x/|x|·dy; the gradient of a zero vector is 0.
    protected override void Backward(OpContext context, Tensor dy)
    {
        var (x, y, plan) = (context.Saved(0), context.Saved(1), (Axes)context.State!);
        var factor = Tensor.Where(y.Equal(0), 0, dy / y);
        context.SetGrad(0, x * factor.Reshape(plan.Kept));
    }
}

/// <summary>The variance over some axes.</summary>
internal sealed class VarOp(int[] axes, bool unbiased, bool keepDim) : Op
{
    public override string Name => "var";

    protected override CastRule CastRule => CastRule.Single;

    // Two passes, mean first: one pass would subtract large squares from each other.
    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        var plan = new Axes(Name, x.Shape, axes);
        using var scope = Scope.Open();
        var centred = x - x.Mean(axes, keepDim: true);
        context.Save(centred);
        context.State = plan;
        return scope.Keep(Folding.Float<SquaresFold>(centred, plan, keepDim, 1 / Degrees(plan)));
    }

    // dx = 2(x - mean)/n·dy; what flows through the mean cancels.
    protected override void Backward(OpContext context, Tensor dy)
    {
        var plan = (Axes)context.State!;
        context.SetGrad(0, context.Saved(0) * (dy * (2 / Degrees(plan))).Reshape(plan.Kept));
    }

    private double Degrees(Axes plan) => unbiased ? Math.Max(0, plan.Length - 1) : plan.Length;
}

/// <summary>Whether all or any of the truth values hold.</summary>
internal sealed class TruthOp<TFormula>(int[] axes, bool keepDim) : PlainOp where TFormula : struct, IWholeFold
{
    public override string Name => TFormula.Name;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        return x.DType == DType.Bool
            ? Folding.Whole<TFormula>(x, new Axes(Name, x.Shape, axes), keepDim, DType.Bool)
            : throw new DTypeException($"{Name} takes Bool, found {x.DType}; compare it with something");
    }
}

/// <summary>Runs folds.</summary>
internal static class Folding
{
    public static Tensor Float<TFormula>(Tensor x, Axes plan, bool keepDim, double scale = 1)
        where TFormula : struct, IFold
    {
        using var scope = Scope.Open();
        var dense = plan.Arrange(x);
        var y = Tensor.Empty(plan.Result(keepDim), x.DType, x.Device);
        Fold<TFormula>.Forward.Run(x.Device, x.DType,
            new(dense.View, y.View, plan.Outer, plan.Length, plan.Inner, scale));
        return scope.Keep(y);
    }

    public static Tensor Whole<TFormula>(Tensor x, Axes plan, bool keepDim, DType result)
        where TFormula : struct, IWholeFold
    {
        using var scope = Scope.Open();
        var dense = plan.Arrange(x);
        var y = Tensor.Empty(plan.Result(keepDim), result, x.Device);
        WholeFold<TFormula>.Forward.Run(x.Device, x.DType,
            new(dense.View, y.View, plan.Outer, plan.Length, plan.Inner));
        return scope.Keep(y);
    }
}
