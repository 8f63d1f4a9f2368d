using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Other looks at the same elements: the results share their input's memory, except where a reshape has to
/// copy because the elements do not lie in order.</summary>
public static class Views
{
    extension(Tensor x)
    {
        /// <summary>The same elements, row-major, in other lengths; one length may be -1 and is what is left.</summary>
        /// <exception cref="ShapeException">The number of elements differs.</exception>
        [OverloadResolutionPriority(1)]
        public Tensor Reshape(params ReadOnlySpan<long> lengths)
        {
            var whole = lengths.ToArray();
            var open = Array.IndexOf(whole, -1);
            if (open >= 0)
            {
                whole[open] = 1;
                var rest = Shape.Of(whole).Count;
                if (rest == 0 || x.Count % rest != 0)
                    throw new ShapeException($"reshape: {x.Shape} cannot become "
                        + $"[{string.Join(", ", lengths.ToArray())}]: {x.Count} elements are not a multiple of {rest}");
                whole[open] = x.Count / rest;
            }
            return x.Reshape(Shape.Of(whole));
        }

        /// <summary>The same elements, row-major, in another shape.</summary>
        /// <exception cref="ShapeException">The number of elements differs.</exception>
        public Tensor Reshape(Shape shape)
        {
            if (shape.Count != x.Count)
                throw new ShapeException($"reshape: {x.Shape} has {x.Count} elements, {shape} has {shape.Count}");
            if (x.IsContiguous) return Op.Apply(new ReshapeOp(shape), x);
            using var dense = x.Contiguous();
            return Op.Apply(new ReshapeOp(shape), dense);
        }

        /// <summary>The axes in another order: axis i of the result is axis <paramref name="axes"/>[i] of x.</summary>
        /// <exception cref="ShapeException">Not every axis is named once.</exception>
        public Tensor Permute(params ReadOnlySpan<int> axes)
        {
            var order = new int[axes.Length];
            for (var i = 0; i < axes.Length; i++) order[i] = axes[i] < 0 ? axes[i] + x.Rank : axes[i];
            if (!order.Order().SequenceEqual(Enumerable.Range(0, x.Rank)))
                throw new ShapeException($"permute: [{string.Join(", ", axes.ToArray())}] does not name each of the "
                    + $"{x.Rank} axes of {x.Shape} once");
            return Op.Apply(new PermuteOp(order), x);
        }

        /// <summary>Two axes change places.</summary>
        public Tensor Transpose(int first, int second)
        {
            var order = Enumerable.Range(0, x.Rank).ToArray();
            (order[x.Shape.Axis(first)], order[x.Shape.Axis(second)]) = (x.Shape.Axis(second), x.Shape.Axis(first));
            return x.Permute(order);
        }

        /// <summary>A stretch of an axis: elements <paramref name="start"/>, start + step, and so on.</summary>
        /// <param name="axis">Counted from either end.</param>
        /// <param name="start">First element; negative counts from the end.</param>
        /// <param name="length">How many.</param>
        /// <param name="step">Distance, at least 1.</param>
        /// <exception cref="ShapeException">The axis ends before.</exception>
        public Tensor Slice(int axis, long start, long length, long step = 1)
        {
            axis = x.Shape.Axis(axis);
            var first = start < 0 ? start + x.Shape[axis] : start;
            if (step < 1 || length < 0 || first < 0 || first > x.Shape[axis]
                || (length > 0 && first + (length - 1) * step >= x.Shape[axis]))
                throw new ShapeException($"slice: {length} elements from {start} on, {step} apart, do not lie within "
                    + $"axis {axis} of {x.Shape}");
            return Op.Apply(new SliceOp(axis, first, length, step), x);
        }

        /// <summary>A stretch of an axis: <c>x.Slice(1, 2..^1)</c>.</summary>
        public Tensor Slice(int axis, Range range)
        {
            var (start, length) = range.GetOffsetAndLength(x.Shape.Int(axis));
            return x.Slice(axis, start, length);
        }

        /// <summary>One element of an axis, which goes.</summary>
        /// <param name="axis">Counted from either end.</param>
        /// <param name="index">Negative counts from the end.</param>
        public Tensor Select(int axis, long index)
        {
            using var slice = x.Slice(axis, index, 1);
            return slice.Squeeze(axis);
        }

        /// <summary>The first axis' element: <c>Select(0, index)</c>.</summary>
        public Tensor At(long index) => x.Select(0, index);

        /// <summary>Removes an axis of length 1.</summary>
        /// <exception cref="ShapeException">It is longer.</exception>
        public Tensor Squeeze(int axis)
        {
            axis = x.Shape.Axis(axis);
            if (x.Shape[axis] != 1) throw new ShapeException($"squeeze: axis {axis} of {x.Shape} is longer than 1");
            var (lengths, steps) = (x.Shape.ToArray().ToList(), x.Steps.ToArray().ToList());
            lengths.RemoveAt(axis);
            steps.RemoveAt(axis);
            return Op.Apply(new SqueezeOp(Shape.Of([.. lengths]), [.. steps]), x);
        }

        /// <summary>Removes all axes of length 1.</summary>
        public Tensor Squeeze()
        {
            using var scope = Scope.Open();
            var y = x;
            for (var i = x.Rank - 1; i >= 0; i--) if (x.Shape[i] == 1) y = y.Squeeze(i);
            return scope.Keep(y);
        }

        /// <summary>Adds an axis of length 1 before axis <paramref name="axis"/>; -1 adds it behind the last.</summary>
        public Tensor Unsqueeze(int axis)
        {
            var at = axis < 0 ? axis + x.Rank + 1 : axis;
            if (at < 0 || at > x.Rank) throw new ShapeException($"unsqueeze: {x.Shape} has no place {axis}");
            var (lengths, steps) = (x.Shape.ToArray().ToList(), x.Steps.ToArray().ToList());
            lengths.Insert(at, 1);
            steps.Insert(at, 1);
            return Op.Apply(new SqueezeOp(Shape.Of([.. lengths]), [.. steps]), x);
        }

        /// <summary>Joins the axes from <paramref name="start"/> to <paramref name="end"/>, both included, into one; a
        /// tensor without axes gets one.</summary>
        public Tensor Flatten(int start = 0, int end = -1)
        {
            if (x.Rank == 0) return x.Reshape(1);
            var (first, last) = (x.Shape.Axis(start), x.Shape.Axis(end));
            if (first > last) throw new ShapeException($"flatten: axis {start} of {x.Shape} lies behind axis {end}");
            long joined = 1;
            for (var i = first; i <= last; i++) joined *= x.Shape[i];
            return x.Reshape(Shape.Of([.. x.Shape[..first], joined, .. x.Shape[(last + 1)..]]));
        }

        /// <summary>Stretches axes of length 1, and adds axes in front, until the shape is reached; the elements are
        /// not copied (PyTorch's expand).</summary>
        /// <exception cref="ShapeException">An axis of another length would have to be stretched.</exception>
        public Tensor Broadcast(Shape shape) =>
            x.Shape == shape ? x
            : x.Rank <= shape.Rank && Fitting.Fit("broadcast", x.Shape, shape) == shape
                ? Op.Apply(new BroadcastOp(shape), x)
                : throw new ShapeException($"broadcast: {x.Shape} cannot be stretched to {shape}");

        /// <summary>Cuts an axis into stretches of <paramref name="size"/>; the last may be shorter.</summary>
        public Tensor[] Split(long size, int axis = 0)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
            var length = x.Shape[x.Shape.Axis(axis)];
            var parts = new Tensor[Math.Max(1, (length + size - 1) / size)];
            for (var i = 0; i < parts.Length; i++)
                parts[i] = x.Slice(axis, i * size, Math.Min(size, length - i * size));
            return parts;
        }

        /// <summary>Cuts an axis into at most <paramref name="chunks"/> stretches of equal length; the last may be
        /// shorter.</summary>
        public Tensor[] Chunk(int chunks, int axis = 0)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(chunks, 1);
            return x.Split(Math.Max(1, (x.Shape[x.Shape.Axis(axis)] + chunks - 1) / chunks), axis);
        }
    }
}
