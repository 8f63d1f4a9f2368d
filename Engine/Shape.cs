using System.Runtime.CompilerServices;

namespace Diffract.Engine;

/// <summary>The lengths of a tensor's axes, at most <see cref="MaxRank"/>. A value: no heap, compared by content.
/// <c>Shape s = [2, 32, 32, 3];</c></summary>
[CollectionBuilder(typeof(Shape), nameof(Of))]
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>The largest number of axes.</summary>
    public const int MaxRank = 8;

    private readonly Axes axes;

    [InlineArray(MaxRank)]
    private struct Axes
    {
        private long first;
    }

    private Shape(ReadOnlySpan<long> lengths)
    {
        if (lengths.Length > MaxRank)
            throw new ShapeException($"a tensor has at most {MaxRank} axes, found {lengths.Length}");
        long count = 1;
        for (var i = 0; i < lengths.Length; i++)
        {
            if (lengths[i] < 0) throw new ShapeException($"axis {i} has the negative length {lengths[i]}");
            axes[i] = lengths[i];
            try
            {
                count = checked(count * lengths[i]);
            }
            catch (OverflowException)
            {
                throw new ShapeException($"[{string.Join(", ", lengths.ToArray())}] has more than 2^63 elements");
            }
        }
        Rank = lengths.Length;
    }

    /// <summary>A shape from its lengths.</summary>
    /// <exception cref="ShapeException">A length is negative, there are too many, or their product overflows.
    /// </exception>
    public static Shape Of(params ReadOnlySpan<long> lengths) => new(lengths);

    /// <summary>The shape of a single value: no axes, one element.</summary>
    public static Shape Scalar => default;

    /// <summary>Number of axes.</summary>
    public int Rank { get; }

    /// <summary>Number of axes; makes <c>shape[^1]</c> work.</summary>
    public int Length => Rank;

    /// <summary>Length of an axis, counted from 0.</summary>
    public long this[int axis] => (uint)axis < (uint)Rank
        ? axes[axis]
        : throw new ShapeException($"axis {axis} of {this} does not exist");

    /// <summary>Product of all lengths; 1 for a scalar.</summary>
    public long Count
    {
        get
        {
            long count = 1;
            for (var i = 0; i < Rank; i++) count *= axes[i];
            return count;
        }
    }

    /// <summary>Length of an axis as an int, for kernels' geometry. Negative axes count from the end.</summary>
    /// <exception cref="ShapeException">No such axis, or it is longer than 2^31-1.</exception>
    public int Int(int axis)
    {
        var length = this[Axis(axis)];
        return length <= int.MaxValue
            ? (int)length
            : throw new ShapeException($"axis {axis} of {this} is longer than an operation can take (2^31-1)");
    }

    /// <summary>Turns an axis counted from the end (-1 is the last) into one counted from 0.</summary>
    /// <exception cref="ShapeException">No such axis.</exception>
    public int Axis(int axis)
    {
        var found = axis < 0 ? axis + Rank : axis;
        return (uint)found < (uint)Rank ? found : throw new ShapeException($"axis {axis} of {this} does not exist");
    }

    /// <summary>The lengths, first axis first.</summary>
    public long[] ToArray()
    {
        var lengths = new long[Rank];
        for (var i = 0; i < Rank; i++) lengths[i] = axes[i];
        return lengths;
    }

    /// <summary>Row-major strides in elements.</summary>
    internal long[] RowMajorStrides()
    {
        var strides = new long[Rank];
        long step = 1;
        for (var i = Rank - 1; i >= 0; i--)
        {
            strides[i] = step;
            step *= axes[i];
        }
        return strides;
    }

    /// <summary>The axes from <paramref name="start"/> on, at most <paramref name="length"/>: <c>shape[1..^1]</c>.
    /// </summary>
    public Shape Slice(int start, int length) => new(ToArray().AsSpan(start, length));

    /// <summary>The same shape with one axis changed.</summary>
    public Shape With(int axis, long length)
    {
        var lengths = ToArray();
        lengths[Axis(axis)] = length;
        return new Shape(lengths);
    }

    /// <summary>Enumerates the lengths.</summary>
    public IEnumerator<long> GetEnumerator() => ((IEnumerable<long>)ToArray()).GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(Shape other)
    {
        if (Rank != other.Rank) return false;
        for (var i = 0; i < Rank; i++) if (axes[i] != other.axes[i]) return false;
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        for (var i = 0; i < Rank; i++) hash.Add(axes[i]);
        return hash.ToHashCode();
    }

    /// <summary>Equal lengths on every axis.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Different rank or lengths.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>"[2, 32, 32, 3]".</summary>
    public override string ToString() => $"[{string.Join(", ", ToArray())}]";
}
