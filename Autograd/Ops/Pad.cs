using Diffract.Engine;

namespace Diffract.Autograd;

internal sealed class PadOp((long Before, long After)[] margins, double value) : Op
{
    public override string Name => "pad";

    protected override bool TakesAnyLayout => true;

    protected override bool TakesHalf => true;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        context.State = x.Shape;
        var lengths = x.Shape.ToArray();
        for (var i = 0; i < lengths.Length; i++) lengths[i] += margins[i].Before + margins[i].After;
        var y = Tensor.Full(Shape.Of(lengths), value, x.DType, x.Device);
        using var middle = Middle(y, x.Shape);
        InPlace.Copy(x, middle);
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy) =>
        context.SetGrad(0, Middle(dy, (Shape)context.State!));

    private Tensor Middle(Tensor whole, Shape shape)
    {
        var offset = whole.Offset;
        if (shape.Count > 0) for (var i = 0; i < shape.Rank; i++) offset += margins[i].Before * whole.Steps[i];
        return whole.Window(shape, offset, whole.Steps);
    }
}

/// <summary>Margins around tensors.</summary>
public static class PadOps
{
    extension(Tensor x)
    {
        /// <summary>Adds margins of a constant.</summary>
        /// <param name="margins">Elements before and after, for each axis from the first on.</param>
        /// <param name="value">What the margins are filled with.</param>
        /// <exception cref="ShapeException">Not one pair an axis, or a negative number.</exception>
        public Tensor Pad(ReadOnlySpan<(long Before, long After)> margins, double value = 0)
        {
            var wrong = margins.Length != x.Rank;
            foreach (var (before, after) in margins) wrong |= before < 0 || after < 0;
            return wrong
                ? throw new ShapeException($"pad: {x.Shape} needs {x.Rank} pairs of margins, none negative; found "
                    + $"[{string.Join(", ", margins.ToArray())}]")
                : Op.Apply(new PadOp(margins.ToArray(), value), x);
        }
    }
}
