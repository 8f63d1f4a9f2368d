using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Picks along an axis, with an index for every element or one for every slice.</summary>
internal abstract class PickByIndexOp(int axis, bool perElement) : Op
{
    protected override bool TakesHalf => true;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var (x, index) = (inputs[0]!, inputs[1]!);
        var plan = new Axes(Name, x.Shape, [axis]);
        IndexRange.Check(Name, "index", index, plan.Length, $"along axis {axis} of {x.Shape}");
        var k = perElement ? index.Shape[axis] : index.Count;
        var y = Tensor.Empty(x.Shape.With(axis, k), x.DType, x.Device);
        Gather.Forward.Run(x.Device, x.DType, Args(plan, x, index, y, k));
        context.Save(index);
        context.State = plan;
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var (index, plan) = (context.Saved(0), (Axes)context.State!);
        var half = dy.DType.IsHalf();
        var gradient = half ? dy.To(DType.Float32) : dy;
        var dx = Tensor.Zeros(plan.Shape, gradient.DType, dy.Device);
        Gather.Backward.Run(dy.Device, gradient.DType, Args(plan, dx, index, gradient, dy.Shape[axis]));
        context.SetGrad(0, half ? dx.To(dy.DType) : dx);
    }

    private GatherArgs Args(Axes plan, Tensor x, Tensor index, Tensor y, long k) =>
        new(x.View, index.View, y.View, plan.Outer, plan.Length, plan.Inner, k, perElement);
}

internal sealed class GatherOp(int axis) : PickByIndexOp(axis, perElement: true)
{
    public override string Name => "gather";
}

internal sealed class IndexSelectOp(int axis) : PickByIndexOp(axis, perElement: false)
{
    public override string Name => "index_select";
}

/// <summary>Picking by index.</summary>
public static class GatherOps
{
    extension(Tensor x)
    {
        /// <summary>Picks along an axis, every element of the result by an index of its own: for axis 1,
        /// y[i,j,k] = x[i, index[i,j,k], k].</summary>
        /// <param name="axis">Counted from either end.</param>
        /// <param name="index">Int64, as many axes as x; on the other axes at most as long.</param>
        /// <exception cref="ShapeException">Shapes do not fit, or an index is outside the axis.</exception>
        /// <exception cref="DTypeException">The index is not Int64.</exception>
        public Tensor Gather(int axis, Tensor index)
        {
            axis = x.Shape.Axis(axis);
            CheckType("gather", index);
            if (index.Rank != x.Rank)
                throw new ShapeException($"gather: the index is {index.Shape}, the tensor {x.Shape}");
            using var scope = Scope.Open();
            for (var i = 0; i < x.Rank; i++)
            {
                if (i == axis || index.Shape[i] == x.Shape[i]) continue;
                if (index.Shape[i] > x.Shape[i])
                    throw new ShapeException($"gather: axis {i} of the index {index.Shape} is longer than that of "
                        + $"{x.Shape}");
                x = x.Slice(i, 0, index.Shape[i]);
            }
            return scope.Keep(Op.Apply(new GatherOp(axis), x, index));
        }

        /// <summary>Picks whole slices along an axis: y = x[…, index[k], …].</summary>
        /// <param name="axis">Counted from either end.</param>
        /// <param name="index">Int64 with one axis.</param>
        /// <exception cref="ShapeException">An index is outside the axis, or the index has more axes.</exception>
        /// <exception cref="DTypeException">The index is not Int64.</exception>
        public Tensor IndexSelect(int axis, Tensor index)
        {
            CheckType("index_select", index);
            return index.Rank == 1
                ? Op.Apply(new IndexSelectOp(x.Shape.Axis(axis)), x, index)
                : throw new ShapeException($"index_select: the index must have one axis, found {index.Shape}");
        }
    }

    private static void CheckType(string op, Tensor index)
    {
        if (index.DType != DType.Int64) throw new DTypeException($"{op}: the index is {index.DType}, not Int64");
    }
}
