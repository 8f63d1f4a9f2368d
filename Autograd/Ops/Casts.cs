using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class CopyOp : Op
{
    public override string Name => "copy";

    protected override bool TakesAnyLayout => true;

    protected override bool TakesHalf => true;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        var y = Tensor.Empty(x.Shape, x.DType, x.Device);
        StridedCopy.Forward.Run(x.Device, x.DType,
            new(x.StridedView, y.View, new CopyPlan(x.Shape, x.Steps, y.Steps)));
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy) => context.SetGrad(0, dy);
}

internal sealed class CastOp(DType to) : Op
{
    public override string Name => "cast";

    protected override bool TakesHalf => true;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        context.State = x.DType;
        var y = Tensor.Empty(x.Shape, to, x.Device);
        Cast.Forward.Run(x.Device, x.DType, new(x.View, y.View));
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy) =>
        context.SetGrad(0, dy.To((DType)context.State!));
}

/// <summary>A copy on another device.</summary>
internal sealed class MoveOp(Device to) : Op
{
    public override string Name => "move";

    protected override bool TakesHalf => true;

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        context.State = x.Device;
        var y = Tensor.Empty(x.Shape, x.DType, to);
        Transfer.Copy(x, y);
        IndexRange.Remember(x, y);
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy) =>
        context.SetGrad(0, dy.To((Device)context.State!));
}

/// <summary>Copies and conversions.</summary>
public static class CastOps
{
    extension(Tensor x)
    {
        /// <summary>A copy of the elements in memory of its own, row-major.</summary>
        public Tensor Clone() => Op.Apply(new CopyOp(), x);

        /// <summary>The tensor itself when its elements lie row-major, else a copy that does.</summary>
        public Tensor Contiguous() => x.IsContiguous ? x : Op.Apply(new CopyOp(), x);

        /// <summary>The elements as another type; the tensor itself when it has that type already. To a narrower float
        /// rounds to nearest even, a float becomes an integer by truncation, saturating (NaN becomes 0); anything but
        /// zero becomes true.</summary>
        public Tensor To(DType dtype) => x.DType == dtype ? x : Op.Apply(new CastOp(dtype), x);

        /// <summary>The tensor on another device; the tensor itself when it is there already.</summary>
        public Tensor To(Device device) => x.Device == device ? x : Op.Apply(new MoveOp(device), x);
    }
}
