using Diffract.Engine;

namespace Diffract.Autograd;

internal sealed class MatMulOp(bool transposeA, bool transposeB) : Op
{
    public override string Name => "matmul";

    protected override CastRule CastRule => CastRule.Product;

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        inputs[0]?.DType == inputs[1]?.DType && HalfProducts.Takes(device, inputs[0]);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (a, b) = (inputs[0]!, inputs[1]!);
        var product = MatMulShape.Of(a, b, transposeA, transposeB);
        context.Save(context.Needs(1) ? a : null);
        context.Save(context.Needs(0) ? b : null);
        context.State = product;
        var c = Tensor.Empty(product.C, a.DType, a.Device);
        MatMulBatch.Run(a, transposeA, b, transposeB, c, product.Rows, product.Columns, product.Depth);
        return c;
    }

    // With op(A) [M, K] and op(B) [K, N]: dop(A) = dC op(B)ᵀ and dop(B) = op(A)ᵀ dC; a transposed operand's gradient is
    // the transposed product.
    protected override void Backward(OpContext context, Tensor dy)
    {
        var product = (MatMulShape)context.State!;
        var (rows, columns, depth) = (product.Rows, product.Columns, product.Depth);
        if (context.Needs(0))
        {
            var b = context.Saved(1);
            var da = Tensor.Empty(product.A, dy.DType, dy.Device);
            if (transposeA) MatMulBatch.Run(b, transposeB, dy, true, da, depth, rows, columns);
            else MatMulBatch.Run(dy, false, b, !transposeB, da, rows, depth, columns);
            context.SetGrad(0, da);
        }
        if (context.Needs(1))
        {
            var a = context.Saved(0);
            var db = Tensor.Empty(product.B, dy.DType, dy.Device);
            if (transposeB) MatMulBatch.Run(dy, true, a, transposeA, db, columns, depth, rows);
            else MatMulBatch.Run(a, !transposeA, dy, false, db, depth, columns, rows);
            context.SetGrad(1, db);
        }
    }
}

/// <summary>Matrix products.</summary>
public static class MatMulOps
{
    extension(Tensor a)
    {
        /// <summary>Multiplies the matrices of the last two axes; leading axes are a batch and broadcast.</summary>
        /// <param name="b">[..., K, N], or [..., N, K] when <paramref name="transposeB"/>.</param>
        /// <param name="transposeA">True for an <c>a</c> of [..., K, M] instead of [..., M, K].</param>
        /// <param name="transposeB">True for a <paramref name="b"/> that is stored transposed.</param>
        /// <returns>[..., M, N].</returns>
        /// <exception cref="ShapeException">Fewer than two axes, or lengths that do not fit.</exception>
        /// <exception cref="DTypeException">The tensors are not of one type.</exception>
        public Tensor MatMul(Tensor b, bool transposeA = false, bool transposeB = false) =>
            Op.Apply(new MatMulOp(transposeA, transposeB), a, b);
    }
}
