using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Any question about two numbers as an operation, with broadcasting; the result is Bool.</summary>
internal sealed class CompareOp<TFormula> : PlainOp where TFormula : struct, ICompare
{
    public override string Name => TFormula.Name;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (a, b) = (inputs[0]!, inputs[1]!);
        var y = Tensor.Empty(Fitting.Fit(Name, a.Shape, b.Shape), DType.Bool, a.Device);
        CompareMap<TFormula>.Forward.Run(a.Device, a.DType,
            new(default, a.View, b.View, y.View, new Broadcast(y.Shape, a.Shape, b.Shape)));
        return y;
    }
}
