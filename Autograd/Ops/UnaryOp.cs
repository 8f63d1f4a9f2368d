using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Any formula of one number as an operation; it keeps what the formula says it needs.</summary>
internal sealed class UnaryOp<TFormula>(TFormula formula) : Op where TFormula : struct, IUnary
{
    public override string Name => TFormula.Name;

    protected override CastRule CastRule => TFormula.NeedsSingle ? CastRule.Single : CastRule.Follow;

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        Map<TFormula>.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        var y = Tensor.Empty(x.Shape, x.DType, x.Device);
        Map<TFormula>.Forward.Run(x.Device, x.DType, new(formula, x.View, y.View));
        context.Save(TFormula.Keeps.HasFlag(Keep.Input) ? x : null);
        context.Save(TFormula.Keeps.HasFlag(Keep.Output) ? y : null);
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var dx = Tensor.Empty(dy.Shape, dy.DType, dy.Device);
        Map<TFormula>.Backward.Run(dy.Device, dy.DType, new(formula, context.SavedOrNull(0)?.View ?? default,
            context.SavedOrNull(1)?.View ?? default, dy.View, dx.View));
        context.SetGrad(0, dx);
    }
}
