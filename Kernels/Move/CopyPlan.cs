using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>The way a strided window is walked while it is copied to another: axes of one element are gone, and axes
/// that both windows walk in one go are one. Axis 0 is the innermost.</summary>
public readonly struct CopyPlan
{
    private readonly Axes lengths, from, to;

    [InlineArray(Shape.MaxRank)]
    private struct Axes
    {
        private long element;
    }

    /// <summary>Prepares a copy of a window of some shape.</summary>
    /// <param name="shape">Lengths of the axes.</param>
    /// <param name="from">Distances of neighbours in the source, in elements.</param>
    /// <param name="to">Distances of neighbours in the destination.</param>
    public CopyPlan(Shape shape, ReadOnlySpan<long> from, ReadOnlySpan<long> to)
    {
        Count = shape.Count;
        var rank = 0;
        for (var i = shape.Rank - 1; i >= 0; i--)
        {
            if (shape[i] == 1) continue;
            if (rank > 0 && from[i] == this.from[rank - 1] * lengths[rank - 1]
                && to[i] == this.to[rank - 1] * lengths[rank - 1])
            {
                lengths[rank - 1] *= shape[i];
                continue;
            }
            (lengths[rank], this.from[rank], this.to[rank]) = (shape[i], from[i], to[i]);
            rank++;
        }
        Rank = rank;
        for (var i = 1; i < rank; i++)
            if (Math.Abs(this.from[i]) < Math.Abs(this.from[Nearest]) && this.from[i] != 0) Nearest = i;
    }

    /// <summary>Number of axes after joining.</summary>
    public int Rank { get; }

    /// <summary>Elements to copy.</summary>
    public long Count { get; }

    /// <summary>The axis whose neighbours are nearest in the source: 0 unless the copy transposes.</summary>
    public int Nearest { get; }

    /// <summary>Length of an axis; 1 beyond the last.</summary>
    public long Length(int axis) => axis < Rank ? lengths[axis] : 1;

    /// <summary>Distance of an axis' neighbours in the source.</summary>
    public long From(int axis) => axis < Rank ? from[axis] : 0;

    /// <summary>Distance of an axis' neighbours in the destination.</summary>
    public long To(int axis) => axis < Rank ? to[axis] : 0;

    /// <summary>Where source and destination are at a position counted over all axes but two (or one twice), the inner
    /// ones fastest.</summary>
    public (long From, long To) At(long position, int without, int andWithout)
    {
        var (source, target) = (0L, 0L);
        for (var i = 0; i < Rank; i++)
        {
            if (i == without || i == andWithout) continue;
            var (rest, index) = Math.DivRem(position, lengths[i]);
            source += index * from[i];
            target += index * to[i];
            position = rest;
        }
        return (source, target);
    }
}
