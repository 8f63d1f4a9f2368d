using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class LinearOp(bool feedsNorm) : Op
{
    private const int FewestRowsToPack = 25, MostRowsToPack = 192;

    public override string Name => "linear";

    protected override CastRule CastRule => CastRule.Layer;

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        HalfProducts.Takes(device, inputs[0], inputs[1], inputs[2])
        && (inputs[3] is null || inputs[3]!.DType == inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (x, weight, bias, residual) = (inputs[0]!, inputs[1]!, inputs[2], inputs[3]);
        if (x.Rank < 1 || weight.Rank != 2 || x.Shape[^1] != weight.Shape[1])
            throw new ShapeException($"Linear: a weight [out, in] takes inputs [..., in]; found {weight.Shape} and "
                + $"{x.Shape}");
        Norms.CheckParameter("Linear", "weight", weight, weight.Shape, HalfProducts.TypeBeside(x, weight));
        Norms.CheckParameter("Linear", "bias", bias, [weight.Shape[0]], HalfProducts.TypeBeside(x, bias));
        var shape = x.Shape.With(-1, weight.Shape[0]);
        Norms.CheckParameter("Linear", "residual", residual, shape, x.DType);
        var y = Tensor.Empty(shape, x.DType, x.Device);
        using var moments = ChannelMoments.For(feedsNorm && y.Rank > 1, y);
        Multiply(context, weight, new MatMulArgs
        {
            A = x.View,
            B = weight.View,
            C = y.View,
            Bias = Norms.ViewOf(bias),
            Residual = Norms.ViewOf(residual),
            Sums = moments.Sums,
            Rows = Rows(x),
            Columns = weight.Shape.Int(0),
            Depth = weight.Shape.Int(1),
            TransposeB = true,
        });
        context.Save(context.Needs(1) ? x : null);
        context.Save(context.Needs(0) ? weight : null);
        context.State = new Facts(x.Shape, weight.Shape, weight.DType, bias?.DType ?? x.DType);
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var (xShape, weightShape, weightType, biasType) = (Facts)context.State!;
        var (rows, outputs, inputs) = (Rows(dy), weightShape.Int(0), weightShape.Int(1));
        if (context.Needs(0))
        {
            var dx = Tensor.Empty(xShape, dy.DType, dy.Device);
            using var weight = HalfProducts.Round(context.Saved(1), dy.DType, keep: !context.Needs(1));
            MatMul.Run.Run(dy.Device, dy.DType, new MatMulArgs
            {
                A = dy.View,
                B = weight.View,
                C = dx.View,
                Rows = rows,
                Columns = inputs,
                Depth = outputs,
            });
            context.SetGrad(0, dx);
        }
        if (context.Needs(1))
        {
            var dWeight = Tensor.Empty(weightShape, weightType, dy.Device);
            MatMul.Run.Run(dy.Device, dy.DType, new MatMulArgs
            {
                A = dy.View,
                B = context.Saved(0).View,
                C = dWeight.View,
                Rows = outputs,
                Columns = inputs,
                Depth = rows,
                TransposeA = true,
            });
            context.SetGrad(1, dWeight);
        }
        if (context.Needs(2)) context.SetGrad(2, BiasGradient.Of(dy, biasType));
        if (context.Needs(3)) context.SetGrad(3, dy);
    }

    // With some rows, but not many, packing the weight costs a good part of the product: a weight that is not trained
    // is packed once. With fewer rows it is used where it lies.
    private static void Multiply(OpContext context, Tensor weight, in MatMulArgs args)
    {
        var keep = PackedWeights.ShouldKeep(context, 1, weight);
        if (!keep) PackedWeights.Drop(weight);
        if (weight.Device is GpuDevice device)
        {
            using var rounded = HalfProducts.Round(weight, args.A.DType, keep);
            MatMul.Run.Run(device, args.A.DType, args with { B = rounded.View });
            return;
        }
        var form = new MatMulForm(args.Depth, args.Columns, args.TransposeB);
        if (!keep || weight.DType != DType.Float32 || args.Rows is < FewestRowsToPack or > MostRowsToPack)
        {
            MatMul.Run.Run(weight.Device, weight.DType, args);
            return;
        }
        var b = args.B;
        using var packed = PackedWeights.Get(weight, form, form.Bytes, to =>
            MatMul.Pack.Run(weight.Device, DType.Float32, new(b, to, form)));
        MatMul.Run.Run(weight.Device, weight.DType, args with { PackedB = packed.View });
    }

    private sealed record Facts(Shape X, Shape Weight, DType WeightType, DType BiasType);

    private static int Rows(Tensor x) => Norms.Length(x.Shape[..^1].Count, "rows");
}

/// <summary>The linear layer.</summary>
public static class LinearOps
{
    extension(Tensor x)
    {
        /// <summary>y = x · weightᵀ + bias + residual over the last axis.</summary>
        /// <param name="weight">[out, in].</param>
        /// <param name="bias">[out]; none when null.</param>
        /// <param name="residual">Added to the result while it is written, [..., out]; none when null.</param>
        /// <param name="feedsNorm">True when a group norm will read the result: where a GPU can, the sums that it
        /// needs are made on the way and kept beside the result.</param>
        /// <returns>[..., out] for an input [..., in].</returns>
        /// <exception cref="ShapeException">The shapes do not fit.</exception>
        /// <exception cref="DTypeException">The tensors are not of one type.</exception>
        public Tensor Linear(
            Tensor weight, Tensor? bias = null, Tensor? residual = null, bool feedsNorm = false) =>
            Op.Apply(new LinearOp(feedsNorm), x, weight, bias, residual);
    }
}
