using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Backward draws the same numbers again: nothing but their place in the stream is kept.</summary>
internal sealed class DropoutOp(double p, GeneratorState state) : Op
{
    public override string Name => "dropout";

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        Dropout.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs) => Run(inputs[0]!);

    protected override void Backward(OpContext context, Tensor dy) => context.SetGrad(0, Run(dy));

    private Tensor Run(Tensor x)
    {
        var y = Tensor.Empty(x.Shape, x.DType, x.Device);
        Dropout.Forward.Run(x.Device, x.DType, new(state, x.View, y.View, p));
        return y;
    }
}

/// <summary>Dropout.</summary>
public static class DropoutOps
{
    extension(Tensor x)
    {
        /// <summary>In training, sets each element to zero with probability <paramref name="p"/> and divides the rest
        /// by 1 - p; otherwise returns x itself.</summary>
        /// <param name="p">In [0, 1]; 1 gives zeros.</param>
        /// <param name="generator">Where the numbers come from, one word an element.</param>
        /// <param name="training">False leaves x alone and draws nothing.</param>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="p"/> is not a probability.</exception>
        public Tensor Dropout(double p, Generator generator, bool training)
        {
            if (!(p is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(p), p, "must be from 0 to 1");
            if (!training || p == 0) return x;
            return p == 1 ? x * 0 : Op.Apply(new DropoutOp(p, generator.Take(x.Count)), x);
        }
    }
}
