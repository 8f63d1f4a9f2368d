using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>An operation whose result is not a floating-point number, so that no gradient flows through it.</summary>
internal abstract class PlainOp : Op
{
    protected sealed override void Backward(OpContext context, Tensor dy) =>
        throw new InvalidOperationException($"{Name} has no gradient");
}
