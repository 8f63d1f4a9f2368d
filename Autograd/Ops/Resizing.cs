using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class UpsampleNearestOp(int scale) : Op
{
    public override string Name => "upsample_nearest";

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        UpsampleNearest.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        Pooling.CheckImages("UpsampleNearest", x.Shape);
        if (scale < 1) throw new ShapeException($"UpsampleNearest: the scale must be at least 1, found {scale}");
        var y = Tensor.Empty([x.Shape[0], scale * x.Shape[1], scale * x.Shape[2], x.Shape[3]], x.DType, x.Device);
        UpsampleNearest.Forward.Run(x.Device, x.DType, Args(x.View, y.View, x.Shape));
        context.State = x.Shape;
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var shape = (Shape)context.State!;
        var dx = Tensor.Empty(shape, dy.DType, dy.Device);
        UpsampleNearest.Backward.Run(dy.Device, dy.DType, Args(dx.View, dy.View, shape));
        context.SetGrad(0, dx);
    }

    private UpsampleNearestArgs Args(View x, View y, Shape shape) =>
        new(x, y, shape.Int(0), shape.Int(1), shape.Int(2), shape.Int(3), scale);
}

internal sealed class ResizeBilinearOp(int height, int width, bool alignCorners) : Op
{
    public override string Name => "resize_bilinear";

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        ResizeBilinear.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        Pooling.CheckImages("ResizeBilinear", x.Shape);
        if (height < 1 || width < 1 || x.Shape[1] == 0 || x.Shape[2] == 0)
            throw new ShapeException($"ResizeBilinear: {x.Shape[1]}x{x.Shape[2]} pixels cannot become "
                + $"{height}x{width}");
        var y = Tensor.Empty([x.Shape[0], height, width, x.Shape[3]], x.DType, x.Device);
        ResizeBilinear.Forward.Run(x.Device, x.DType, Args(x.View, y.View, x.Shape));
        context.State = x.Shape;
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var shape = (Shape)context.State!;
        var dx = Tensor.Empty(shape, dy.DType, dy.Device);
        ResizeBilinear.Backward.Run(dy.Device, dy.DType, Args(dx.View, dy.View, shape));
        context.SetGrad(0, dx);
    }

    private ResizeBilinearArgs Args(View x, View y, Shape shape) => new(x, y, shape.Int(0), shape.Int(3),
        new(shape.Int(1), height, alignCorners), new(shape.Int(2), width, alignCorners));
}

/// <summary>Changes of an image's size.</summary>
public static class ResizingOps
{
    extension(Tensor x)
    {
        /// <summary>Repeats every pixel <paramref name="scale"/> times along both axes.</summary>
        /// <param name="scale">A positive whole number.</param>
        /// <returns>[N, scale · H, scale · W, C] for an input [N, H, W, C].</returns>
        /// <exception cref="ShapeException">Not an image, or a scale below 1.</exception>
        public Tensor UpsampleNearest(int scale = 2) => Op.Apply(new UpsampleNearestOp(scale), x);

        /// <summary>Resizes by bilinear interpolation, without antialiasing.</summary>
        /// <param name="height">Rows of the result.</param>
        /// <param name="width">Columns of the result.</param>
        /// <param name="alignCorners">True: the centres of the corner pixels stay where they are, so that output i of
        /// a height H lies at i (H - 1) / (height - 1). False: the image's outer edges do, so that it lies at
        /// (i + 1/2) H / height - 1/2, not before the first pixel.</param>
        /// <returns>[N, height, width, C] for an input [N, H, W, C].</returns>
        /// <exception cref="ShapeException">Not an image, or an empty one.</exception>
        public Tensor ResizeBilinear(int height, int width, bool alignCorners = false) =>
            Op.Apply(new ResizeBilinearOp(height, width, alignCorners), x);
    }
}
