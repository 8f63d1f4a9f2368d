using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class WhereOp : Op
{
    public override string Name => "where";

    protected override bool TakesHalf => true;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (condition, a, b) = (inputs[0]!, inputs[1]!, inputs[2]!);
        if (condition.DType != DType.Bool)
            throw new DTypeException($"where: the condition is {condition.DType}, not Bool; compare it with something");
        var shape = Fitting.Fit(Name, Fitting.Fit(Name, a.Shape, b.Shape), condition.Shape);
        var y = Tensor.Empty(shape, a.DType, a.Device);
        Select.Forward.Run(a.Device, a.DType, new(condition.View, a.View, b.View, y.View,
            new Broadcast(shape, condition.Shape, a.Shape, b.Shape)));
        context.Save(condition);
        context.State = (a.Shape, b.Shape);
        return y;
    }

    // The gradient of the chosen side is dy where it was chosen, and 0 elsewhere.
    protected override void Backward(OpContext context, Tensor dy)
    {
        var condition = context.Saved(0);
        var (a, b) = ((Shape, Shape))context.State!;
        var plan = new Broadcast(dy.Shape, condition.Shape, dy.Shape, dy.Shape);
        for (var side = 0; side < 2; side++)
        {
            if (!context.Needs(1 + side)) continue;
            var gradient = Tensor.Empty(dy.Shape, dy.DType, dy.Device);
            Select.Forward.Run(dy.Device, dy.DType, new(condition.View, side == 0 ? dy.View : default,
                side == 0 ? default : dy.View, gradient.View, plan));
            context.SetGrad(1 + side, gradient.SumTo(side == 0 ? a : b));
        }
    }
}

/// <summary>Choosing between tensors.</summary>
public static class WhereOps
{
    extension(Tensor)
    {
        /// <summary><paramref name="a"/> where the Bool condition holds, <paramref name="b"/> elsewhere; all three are
        /// broadcast.</summary>
        public static Tensor Where(Tensor condition, Tensor a, Tensor b) =>
            Promotion.Meet(a, b, (a, b) => Op.Apply(new WhereOp(), condition, a, b));

        /// <summary><paramref name="a"/> where the Bool condition holds, a number elsewhere.</summary>
        public static Tensor Where(Tensor condition, Tensor a, double b) =>
            Promotion.Meet(a, b, (a, b) => Op.Apply(new WhereOp(), condition, a, b));

        /// <summary>A number where the Bool condition holds, <paramref name="b"/> elsewhere.</summary>
        public static Tensor Where(Tensor condition, double a, Tensor b) =>
            Promotion.Meet(a, b, (a, b) => Op.Apply(new WhereOp(), condition, a, b));
    }
}
