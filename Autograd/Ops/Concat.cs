using Diffract.Engine;

namespace Diffract.Autograd;

internal sealed class ConcatOp(int axis) : Op
{
    public override string Name => "concat";

    protected override bool TakesAnyLayout => true;

    protected override bool TakesHalf => true;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        long length = 0;
        foreach (var input in inputs) length += input!.Shape[axis];
        var y = Tensor.Empty(inputs[0]!.Shape.With(axis, length), inputs[0]!.DType, inputs[0]!.Device);
        var lengths = new long[inputs.Length];
        long start = 0;
        for (var i = 0; i < inputs.Length; i++)
        {
            lengths[i] = inputs[i]!.Shape[axis];
            using var part = y.Slice(axis, start, lengths[i]);
            InPlace.Copy(inputs[i]!, part);
            start += lengths[i];
        }
        if (axis == y.Rank - 1) ChannelMoments.Join(inputs, y);
        context.State = lengths;
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var lengths = (long[])context.State!;
        long start = 0;
        for (var i = 0; i < lengths.Length; i++)
        {
            if (context.Needs(i)) context.SetGrad(i, dy.Slice(axis, start, lengths[i]));
            start += lengths[i];
        }
    }
}

/// <summary>Putting tensors together.</summary>
public static class ConcatOps
{
    extension(Tensor)
    {
        /// <summary>Tensors one after the other along an axis; types meet as in arithmetic.</summary>
        /// <param name="axis">Counted from either end.</param>
        /// <param name="tensors">At least one; equal lengths on all other axes.</param>
        /// <exception cref="ShapeException">Other axes differ, or there are no tensors.</exception>
        public static Tensor Concat(int axis, params ReadOnlySpan<Tensor> tensors)
        {
            if (tensors.IsEmpty) throw new ShapeException("concat: at least one tensor is needed");
            var (first, dtype) = (tensors[0].Shape, tensors[0].DType);
            axis = first.Axis(axis);
            foreach (var tensor in tensors)
            {
                if (tensor.Rank != first.Rank || tensor.Shape.With(axis, first[axis]) != first)
                    throw new ShapeException($"concat: {tensor.Shape} does not fit behind {first} along axis {axis}: "
                        + "the other axes must be equal");
                dtype = Promotion.Of(dtype, tensor.DType);
            }
            using var scope = Scope.Open();
            var inputs = new Tensor?[tensors.Length];
            for (var i = 0; i < inputs.Length; i++) inputs[i] = tensors[i].To(dtype);
            return scope.Keep(Op.Apply(new ConcatOp(axis), inputs));
        }

        /// <summary>Tensors of one shape side by side along a new axis.</summary>
        /// <param name="axis">Place of the new axis; -1 is behind the last.</param>
        /// <param name="tensors">At least one, of equal shapes.</param>
        /// <exception cref="ShapeException">Shapes differ, or there are no tensors.</exception>
        public static Tensor Stack(int axis, params ReadOnlySpan<Tensor> tensors)
        {
            using var scope = Scope.Open();
            var slices = new Tensor[tensors.Length];
            for (var i = 0; i < slices.Length; i++)
            {
                if (tensors[i].Shape != tensors[0].Shape)
                    throw new ShapeException($"stack: shapes {tensors[0].Shape} and {tensors[i].Shape} differ");
                slices[i] = tensors[i].Unsqueeze(axis);
            }
            return scope.Keep(Tensor.Concat(axis, slices));
        }
    }
}
