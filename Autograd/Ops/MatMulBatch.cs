using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Runs a product over broadcast batch axes. An operand with length 1 along an axis is used again for every
/// entry; a result with length 1 along an axis is the sum over it (the gradient of a broadcast operand).</summary>
internal static class MatMulBatch
{
    public static void Run(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor c, int rows, int columns,
        int depth)
    {
        var axes = Axes(a.Shape, b.Shape, c.Shape);
        // Sums over a batch of AᵀB whose entries follow one another are one product with longer sums.
        if (transposeA && !transposeB && axes is [{ C: 0 } first, ..] && first.A == (long)rows * depth
            && first.B == (long)depth * columns && depth * first.Length <= int.MaxValue)
        {
            depth = (int)(depth * first.Length);
            axes.RemoveAt(0);
        }
        var args = new MatMulArgs
        {
            A = a.View,
            B = b.View,
            C = c.View,
            Rows = rows,
            Columns = columns,
            Depth = depth,
            TransposeA = transposeA,
            TransposeB = transposeB,
        };
        var sums = axes.Exists(axis => axis.C == 0);
        // Sums over the batch are rounded to 16 bits once, at their end.
        using var wide = sums && c.DType.IsHalf() ? Tensor.Empty(c.Shape, DType.Float32, c.Device) : null;
        args = args with { C = (wide ?? c).View };
        // A result that is summed over starts as zeros: a product of depth 0.
        if (sums)
            MatMul.Run.Run(c.Device, a.DType, args with
            {
                Depth = 0,
                Batch = Norms.Length(c.Shape[..^2].Count, "products"),
                StepC = (long)rows * columns,
            });
        Walk(c.Device, args with { Beta = sums ? 1 : 0 }, axes, axes.Count - 1, 0, 0, 0);
        if (wide is not null) Cast.Forward.Run(c.Device, DType.Float32, new(wide.View, c.View));
    }

    // The innermost axis is the kernel's batch, unless it is summed over; the others are loops.
    private static void Walk(Device device, in MatMulArgs args, List<Axis> axes, int last, long atA, long atB, long atC)
    {
        if (last < 0 || (last == 0 && axes[0].C != 0))
        {
            var batch = last < 0 ? new Axis(1, 0, 0, 0) : axes[0];
            MatMul.Run.Run(device, args.A.DType, args with
            {
                A = At(args.A, atA),
                B = At(args.B, atB),
                C = At(args.C, atC),
                Batch = Norms.Length(batch.Length, "products"),
                StepA = batch.A,
                StepB = batch.B,
                StepC = batch.C,
            });
            return;
        }
        var axis = axes[last];
        for (long i = 0; i < axis.Length; i++)
            Walk(device, args, axes, last - 1, atA + i * axis.A, atB + i * axis.B, atC + i * axis.C);
    }

    /// <summary>One batch axis: its length, and the elements between neighbours in each operand, 0 where broadcast.
    /// </summary>
    private readonly record struct Axis(long Length, long A, long B, long C);

    // Outermost last, so that the longest run of joined axes, usually all of them, is the kernel's.
    private static List<Axis> Axes(Shape a, Shape b, Shape c)
    {
        var rank = Math.Max(Math.Max(a.Rank, b.Rank), c.Rank);
        var (stepA, stepB, stepC) = (a[^2..].Count, b[^2..].Count, c[^2..].Count);
        var axes = new List<Axis>();
        for (var axis = 3; axis <= rank; axis++)
        {
            var (lengthA, lengthB, lengthC) = (Length(a, axis), Length(b, axis), Length(c, axis));
            var length = lengthA != 1 ? lengthA : lengthB != 1 ? lengthB : lengthC;
            var next = new Axis(length, lengthA == 1 ? 0 : stepA, lengthB == 1 ? 0 : stepB, lengthC == 1 ? 0 : stepC);
            (stepA, stepB, stepC) = (stepA * lengthA, stepB * lengthB, stepC * lengthC);
            if (length == 1) continue;
            if (axes.Count > 0 && axes[^1] is var inner && next.A == inner.A * inner.Length
                && next.B == inner.B * inner.Length && next.C == inner.C * inner.Length)
                axes[^1] = inner with { Length = inner.Length * length };
            else axes.Add(next);
        }
        return axes;
    }

    private static long Length(Shape shape, int fromEnd) => fromEnd <= shape.Rank ? shape[shape.Rank - fromEnd] : 1;

    private static View At(View view, long element) =>
        new(view.Address + (nint)(element * view.DType.Size()), view.Count - element, view.DType);
}
