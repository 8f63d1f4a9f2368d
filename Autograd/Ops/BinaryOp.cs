using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Any formula of two numbers as an operation, with broadcasting. It keeps what the gradients that are wanted
/// need, and no more.</summary>
internal sealed class BinaryOp<TFormula> : Op where TFormula : struct, IBinary
{
    public override string Name => TFormula.Name;

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        BinaryMap<TFormula>.Forward.Takes(device, inputs[0]!.DType) && inputs[0]!.DType == inputs[1]!.DType;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (a, b) = (inputs[0]!, inputs[1]!);
        var y = Tensor.Empty(Fitting.Fit(Name, a.Shape, b.Shape), a.DType, a.Device);
        BinaryMap<TFormula>.Forward.Run(a.Device, a.DType,
            new(default, a.View, b.View, y.View, new Broadcast(y.Shape, a.Shape, b.Shape)));
        var keep = (context.Needs(0) ? TFormula.LeftKeeps : Keep.None)
            | (context.Needs(1) ? TFormula.RightKeeps : Keep.None);
        context.Save(keep.HasFlag(Keep.Input) ? a : null);
        context.Save(keep.HasFlag(Keep.Other) ? b : null);
        context.Save(keep.HasFlag(Keep.Output) ? y : null);
        context.State = (a.Shape, b.Shape);
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var (a, b) = ((Shape, Shape))context.State!;
        if (context.Needs(0))
        {
            var da = TFormula.LeftIsDy ? dy : Run(BinaryMap<TFormula>.BackwardLeft, context, dy);
            context.SetGrad(0, da.SumTo(a));
        }
        if (context.Needs(1))
        {
            var db = TFormula.RightIsDy ? dy : Run(BinaryMap<TFormula>.BackwardRight, context, dy);
            context.SetGrad(1, db.SumTo(b));
        }
    }

    private static Tensor Run(Kernel<BinaryGradArgs<TFormula>> kernel, OpContext context, Tensor dy)
    {
        var (a, b) = ((Shape, Shape))context.State!;
        var gradient = Tensor.Empty(dy.Shape, dy.DType, dy.Device);
        kernel.Run(dy.Device, dy.DType, new(default, context.SavedOrNull(0)?.View ?? default,
            context.SavedOrNull(1)?.View ?? default, context.SavedOrNull(2)?.View ?? default, dy.View, gradient.View,
            new Broadcast(dy.Shape, a, b)));
        return gradient;
    }
}
