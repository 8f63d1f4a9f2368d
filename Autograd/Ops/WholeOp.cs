using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Any formula of two integers as an operation, with broadcasting.</summary>
internal sealed class WholeOp<TFormula> : PlainOp where TFormula : struct, IWholeBinary
{
    public override string Name => TFormula.Name;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (a, b) = (inputs[0]!, inputs[1]!);
        var y = Tensor.Empty(Fitting.Fit(Name, a.Shape, b.Shape), a.DType, a.Device);
        WholeMap<TFormula>.Forward.Run(a.Device, a.DType,
            new(default, a.View, b.View, y.View, new Broadcast(y.Shape, a.Shape, b.Shape)));
        return y;
    }
}
