using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>How up to three contiguous operands are read to fill a result larger than they are: an operand stands still
/// along the axes it lacks. Axes that every operand walks alike are one axis here, so that [N,H,W,C] with [C] is
/// rows of C, and equal shapes are a single row.</summary>
public readonly struct Broadcast
{
    private readonly Axes lengths, first, second, third;

    [InlineArray(Shape.MaxRank)]
    private struct Axes
    {
        private long element;
    }

    /// <summary>Prepares to read two or three operands as if each had the shape of the result.</summary>
    public Broadcast(Shape result, Shape a, Shape b, Shape c = default)
    {
        Count = result.Count;
        var (stepA, stepB, stepC) = (1L, 1L, 1L);
        Span<(long Length, long A, long B, long C)> axes = stackalloc (long, long, long, long)[Shape.MaxRank];
        var rank = 0;
        for (var i = 1; i <= result.Rank; i++)
        {
            var length = result[^i];
            if (length == 1) continue;
            var (here, strideA) = (length, Stride(a, i, ref stepA));
            var (strideB, strideC) = (Stride(b, i, ref stepB), Stride(c, i, ref stepC));
            if (rank > 0 && axes[rank - 1] is var inner && strideA == inner.A * inner.Length
                && strideB == inner.B * inner.Length && strideC == inner.C * inner.Length)
                axes[rank - 1].Length *= here;
            else axes[rank++] = (here, strideA, strideB, strideC);
        }
        Rank = rank;
        for (var i = 0; i < rank; i++)
            (lengths[i], first[i], second[i], third[i]) = (axes[i].Length, axes[i].A, axes[i].B, axes[i].C);
    }

    /// <summary>Number of axes after joining.</summary>
    public int Rank { get; }

    /// <summary>Elements of the result.</summary>
    public long Count { get; }

    /// <summary>Length of the innermost axis; 1 for a single element.</summary>
    public long Row => Rank == 0 ? 1 : lengths[0];

    /// <summary>Distance of an operand's neighbours in a row: 1, or 0 when it stands still.</summary>
    public (long A, long B, long C) RowSteps => Rank == 0 ? default : (first[0], second[0], third[0]);

    /// <summary>Where each operand is when the result is at <paramref name="row"/>, in elements.</summary>
    public (long A, long B, long C) At(long row)
    {
        var (a, b, c) = (0L, 0L, 0L);
        for (var i = 1; i < Rank; i++)
        {
            var (rest, index) = Math.DivRem(row, lengths[i]);
            a += index * first[i];
            b += index * second[i];
            c += index * third[i];
            row = rest;
        }
        return (a, b, c);
    }

    /// <summary>The same for a GPU's kernel.</summary>
    internal GpuWalk ForGpu()
    {
        var plan = this;
        return GpuWalk.Of(Count, Rank, i => (plan.lengths[i], plan.first[i], plan.second[i], plan.third[i]));
    }

    /// <summary>The shape that two operands fill together: axes are matched from the last, and a length of 1 stretches.
    /// </summary>
    /// <returns>False when they do not fit.</returns>
    public static bool TryFit(Shape a, Shape b, out Shape result)
    {
        var rank = Math.Max(a.Rank, b.Rank);
        Span<long> lengths = stackalloc long[rank];
        result = default;
        for (var i = 1; i <= rank; i++)
        {
            var (here, there) = (i <= a.Rank ? a[^i] : 1, i <= b.Rank ? b[^i] : 1);
            if (here != there && here != 1 && there != 1) return false;
            lengths[^i] = here == 1 ? there : here;
        }
        result = Shape.Of(lengths);
        return true;
    }

    private static long Stride(Shape shape, int fromEnd, ref long step)
    {
        if (fromEnd > shape.Rank || shape[^fromEnd] == 1) return 0;
        var stride = step;
        step *= shape[^fromEnd];
        return stride;
    }
}
