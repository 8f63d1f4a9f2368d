using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>The sizes of a batched product.</summary>
/// <param name="A">Shape of the left operand as stored.</param>
/// <param name="B">Shape of the right operand as stored.</param>
/// <param name="C">Shape of the result.</param>
/// <param name="Rows">Rows of one result.</param>
/// <param name="Columns">Columns of one result.</param>
/// <param name="Depth">Length of the sums.</param>
internal sealed record MatMulShape(Shape A, Shape B, Shape C, int Rows, int Columns, int Depth)
{
    public static MatMulShape Of(Tensor a, Tensor b, bool transposeA, bool transposeB)
    {
        if (a.Rank < 2 || b.Rank < 2)
            throw new ShapeException($"MatMul: both operands need two axes or more, found {a.Shape} and {b.Shape}");
        if (a.DType != b.DType)
            throw new DTypeException($"MatMul: the operands are {a.DType} and {b.DType}; convert one with To(dtype)");
        var (rows, depth) = transposeA ? (a.Shape.Int(-1), a.Shape.Int(-2)) : (a.Shape.Int(-2), a.Shape.Int(-1));
        var (columns, depthB) = transposeB ? (b.Shape.Int(-2), b.Shape.Int(-1)) : (b.Shape.Int(-1), b.Shape.Int(-2));
        if (depth != depthB)
            throw new ShapeException($"MatMul: sums over {depth} elements of {a.Shape}{(transposeA ? "ᵀ" : "")} and "
                + $"{depthB} of {b.Shape}{(transposeB ? "ᵀ" : "")}; they must be equal");
        var rank = Math.Max(a.Rank, b.Rank);
        var lengths = new long[rank];
        for (var axis = 0; axis < rank - 2; axis++)
        {
            var (left, right) = (Length(a.Shape, axis - rank), Length(b.Shape, axis - rank));
            if (left != right && left != 1 && right != 1)
                throw new ShapeException($"MatMul: the batches of {a.Shape} and {b.Shape} do not broadcast");
            lengths[axis] = left == 1 ? right : left;
        }
        (lengths[^2], lengths[^1]) = (rows, columns);
        return new MatMulShape(a.Shape, b.Shape, Shape.Of(lengths), rows, columns, depth);
    }

    // Axes are counted from the end; those that a shape lacks have length 1.
    private static long Length(Shape shape, int axis) => axis + shape.Rank >= 0 ? shape[axis + shape.Rank] : 1;
}
