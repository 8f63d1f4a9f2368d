using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Which axes a reduction removes, and how its input looks to a kernel: [outer, length, inner].</summary>
internal sealed class Axes
{
    private readonly bool[] gone;
    private readonly int[]? order;

    /// <summary>Prepares a reduction.</summary>
    /// <param name="op">Name for messages.</param>
    /// <param name="shape">The input's.</param>
    /// <param name="axes">Axes to remove, counted from either end; all when empty.</param>
    public Axes(string op, Shape shape, ReadOnlySpan<int> axes)
    {
        (Shape, gone) = (shape, new bool[shape.Rank]);
        if (axes.IsEmpty) Array.Fill(gone, true);
        foreach (var axis in axes)
        {
            if (axis < -shape.Rank || axis >= shape.Rank)
                throw new ShapeException($"{op}: {shape} has no axis {axis}");
            if (gone[shape.Axis(axis)]) throw new ShapeException($"{op}: axis {axis} is named twice");
            gone[shape.Axis(axis)] = true;
        }
        (Outer, Length, Inner) = (1, 1, 1);
        var runs = 0;
        for (var i = 0; i < shape.Rank; i++)
        {
            if (shape[i] == 1) continue;
            if (gone[i] && Inner != 1) runs++;
            if (gone[i]) Length *= shape[i];
            else if (Length == 1 && runs == 0) Outer *= shape[i];
            else Inner *= shape[i];
        }
        if (runs == 0) return;
        // Removed axes lie apart: bring them together behind the others.
        order = [.. Enumerable.Range(0, shape.Rank).OrderBy(i => gone[i])];
        (Outer, Inner) = (Outer * Inner, 1);
    }

    /// <summary>Shape of the input.</summary>
    public Shape Shape { get; }

    /// <summary>Slabs before the removed axes.</summary>
    public long Outer { get; private set; }

    /// <summary>Numbers that become one.</summary>
    public long Length { get; private set; }

    /// <summary>Elements behind the removed axes.</summary>
    public long Inner { get; private set; }

    /// <summary>The result's shape with a 1 in place of each removed axis.</summary>
    public Shape Kept
    {
        get
        {
            var lengths = Shape.ToArray();
            for (var i = 0; i < lengths.Length; i++) if (gone[i]) lengths[i] = 1;
            return Shape.Of(lengths);
        }
    }

    /// <summary>The result's shape.</summary>
    public Shape Result(bool keepDim) =>
        keepDim ? Kept : Shape.Of([.. Shape.ToArray().Where((_, i) => !gone[i])]);

    /// <summary>The input with the removed axes side by side, contiguous.</summary>
    public Tensor Arrange(Tensor x) => order is null ? x : x.Permute(order).Contiguous();
}
