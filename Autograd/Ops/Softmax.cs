using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>A softmax of the last axis, or its logarithm.</summary>
internal sealed class SoftmaxOp(bool logarithm) : Op
{
    public override string Name => logarithm ? "log_softmax" : "softmax";

    protected override CastRule CastRule => CastRule.Single;

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        Softmax.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        var y = Tensor.Empty(x.Shape, x.DType, x.Device);
        var (rows, columns) = Lengths(x.Shape);
        (logarithm ? LogSoftmax.Forward : Softmax.Forward).Run(x.Device, x.DType, new(x.View, y.View, rows, columns));
        context.Save(y);
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var y = context.Saved(0);
        var dx = Tensor.Empty(y.Shape, y.DType, y.Device);
        var (rows, columns) = Lengths(y.Shape);
        (logarithm ? LogSoftmax.Backward : Softmax.Backward).Run(y.Device, y.DType,
            new(y.View, dy.View, dx.View, rows, columns));
        context.SetGrad(0, dx);
    }

    private static (long Rows, int Columns) Lengths(Shape shape) =>
        (shape.Count / Math.Max(1, shape[^1]), shape.Int(-1));
}

/// <summary>Softmax and its logarithm.</summary>
public static class SoftmaxOps
{
    extension(Tensor x)
    {
        /// <summary>e^x / sum(e^x) along an axis, calculated without overflow.</summary>
        /// <param name="axis">Counted from either end.</param>
        /// <exception cref="ShapeException">No such axis.</exception>
        public Tensor Softmax(int axis = -1) => Along(x, axis, logarithm: false);

        /// <summary>x - log(sum(e^x)) along an axis: the logarithm of the softmax, without its underflow.</summary>
        /// <param name="axis">Counted from either end.</param>
        /// <exception cref="ShapeException">No such axis.</exception>
        public Tensor LogSoftmax(int axis = -1) => Along(x, axis, logarithm: true);
    }

    private static Tensor Along(Tensor x, int axis, bool logarithm)
    {
        axis = x.Shape.Axis(axis);
        return axis == x.Rank - 1
            ? Op.Apply(new SoftmaxOp(logarithm), x)
            : Op.Apply(new SoftmaxOp(logarithm), x.Transpose(axis, -1)).Transpose(axis, -1);
    }
}
