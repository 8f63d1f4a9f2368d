using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class EmbeddingOp : Op
{
    public override string Name => "embedding";

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        Embedding.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (weight, indices) = (inputs[0]!, inputs[1]!);
        if (weight.Rank != 2)
            throw new ShapeException($"Embedding: the weight must be [rows, width], found {weight.Shape}");
        IndexRange.Check("Embedding", "index", indices, weight.Shape[0], "rows");
        var y = Tensor.Empty(Shape.Of([.. indices.Shape, weight.Shape[1]]), weight.DType, weight.Device);
        Embedding.Forward.Run(weight.Device, weight.DType, Args(weight.View, indices, y.View, weight.Shape));
        context.Save(indices);
        context.State = weight.Shape;
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var shape = (Shape)context.State!;
        var dWeight = Tensor.Empty(shape, dy.DType, dy.Device);
        Embedding.Backward.Run(dy.Device, dy.DType, Args(dWeight.View, context.Saved(0), dy.View, shape));
        context.SetGrad(0, dWeight);
    }

    private static EmbeddingArgs Args(View table, Tensor indices, View y, Shape shape) =>
        new(table, indices.View, y, shape[0], indices.Count, shape.Int(1));
}

/// <summary>Embeddings.</summary>
public static class EmbeddingOps
{
    extension(Tensor weight)
    {
        /// <summary>The rows of a table [rows, width] with the given numbers.</summary>
        /// <param name="indices">Int64 of any shape.</param>
        /// <returns>[..., width] for indices [...].</returns>
        /// <exception cref="ShapeException">Not a table, or an index that is not a row of it.</exception>
        /// <exception cref="DTypeException">The indices are not Int64.</exception>
        public Tensor Embedding(Tensor indices) => Op.Apply(new EmbeddingOp(), weight, indices);
    }
}
