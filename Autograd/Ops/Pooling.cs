using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

internal sealed class AvgPool2dOp(string name, Func<Shape, (PoolAxis Rows, PoolAxis Columns)> windows) : Op
{
    public override string Name => name;

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        AvgPool2d.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        var (rows, columns) = windows(x.Shape);
        var y = Tensor.Empty([x.Shape[0], rows.Out, columns.Out, x.Shape[3]], x.DType, x.Device);
        AvgPool2d.Forward.Run(x.Device, x.DType, new(x.View, y.View, x.Shape.Int(0), x.Shape.Int(3), rows, columns));
        context.State = x.Shape;
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var shape = (Shape)context.State!;
        var (rows, columns) = windows(shape);
        var dx = Tensor.Empty(shape, dy.DType, dy.Device);
        AvgPool2d.Backward.Run(dy.Device, dy.DType, new(dx.View, dy.View, shape.Int(0), shape.Int(3), rows, columns));
        context.SetGrad(0, dx);
    }
}

internal sealed class MaxPool2dOp(Pair kernel, Pair stride, Pair padding) : Op
{
    public override string Name => "max_pool2d";

    protected override bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) =>
        MaxPool2d.Forward.Takes(device, inputs[0]!.DType);

    protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
    {
        var x = inputs[0]!;
        var (rows, columns) = Pooling.Windows("MaxPool2d", x.Shape, kernel, stride, padding);
        var y = Tensor.Empty([x.Shape[0], rows.Out, columns.Out, x.Shape[3]], x.DType, x.Device);
        using var index = Tensor.Empty(y.Shape, DType.Int32, x.Device);
        MaxPool2d.Forward.Run(x.Device, x.DType, Args(x.View, y.View, index, x.Shape, rows, columns));
        context.Save(index);
        context.State = x.Shape;
        return y;
    }

    protected override void Backward(OpContext context, Tensor dy)
    {
        var shape = (Shape)context.State!;
        var (rows, columns) = Pooling.Windows("MaxPool2d", shape, kernel, stride, padding);
        var dx = Tensor.Empty(shape, dy.DType, dy.Device);
        MaxPool2d.Backward.Run(dy.Device, dy.DType, Args(dx.View, dy.View, context.Saved(0), shape, rows, columns));
        context.SetGrad(0, dx);
    }

    private static MaxPool2dArgs Args(View x, View y, Tensor index, Shape shape, PoolAxis rows, PoolAxis columns) =>
        new(x, y, index.View, shape.Int(0), shape.Int(3), rows, columns);
}

/// <summary>Windows from settings, checked.</summary>
internal static class Pooling
{
    public static (PoolAxis Rows, PoolAxis Columns) Windows(
        string op, Shape shape, Pair kernel, Pair stride, Pair padding)
    {
        CheckImages(op, shape);
        if (kernel.H < 1 || kernel.W < 1 || stride.H < 1 || stride.W < 1)
            throw new ShapeException($"{op}: kernel {kernel} and stride {stride} must be positive");
        if (padding.H < 0 || padding.W < 0 || 2 * padding.H > kernel.H || 2 * padding.W > kernel.W)
            throw new ShapeException($"{op}: padding {padding} must be at most half of the kernel {kernel}");
        if (shape[1] + 2 * padding.H < kernel.H || shape[2] + 2 * padding.W < kernel.W)
            throw new ShapeException($"{op}: a kernel {kernel} does not fit {shape[1]}x{shape[2]} pixels with padding "
                + $"{padding}");
        return (PoolAxis.Fixed(shape.Int(1), kernel.H, stride.H, padding.H),
            PoolAxis.Fixed(shape.Int(2), kernel.W, stride.W, padding.W));
    }

    public static (PoolAxis Rows, PoolAxis Columns) Adaptive(Shape shape, Pair output)
    {
        CheckImages("AdaptiveAvgPool2d", shape);
        if (output.H < 1 || output.W < 1)
            throw new ShapeException($"AdaptiveAvgPool2d: the output {output} must have at least one pixel");
        if (shape[1] == 0 || shape[2] == 0)
            throw new ShapeException($"AdaptiveAvgPool2d: {shape} has no pixels to take a mean of");
        return (PoolAxis.Adaptive(shape.Int(1), output.H), PoolAxis.Adaptive(shape.Int(2), output.W));
    }

    public static void CheckImages(string op, Shape shape)
    {
        if (shape.Rank != 4) throw new ShapeException($"{op}: the input must be [N, H, W, C], found {shape}");
    }
}

/// <summary>Pooling of images.</summary>
public static class PoolingOps
{
    extension(Tensor x)
    {
        /// <summary>The mean over windows of <paramref name="kernel"/> pixels. Padding counts, as zeros.</summary>
        /// <param name="kernel">Size of a window.</param>
        /// <param name="stride">Distance of the windows; the kernel's size when null, so that they do not overlap.
        /// </param>
        /// <param name="padding">Zeros around the image, at most half of the kernel.</param>
        /// <returns>[N, (H + 2 padding - kernel) / stride + 1, ..., C], rounded down, for an input [N, H, W, C].
        /// </returns>
        /// <exception cref="ShapeException">Not an image, or a setting that does not fit it.</exception>
        public Tensor AvgPool2d(Pair kernel, Pair? stride = null, Pair padding = default) =>
            Op.Apply(new AvgPool2dOp("avg_pool2d",
                shape => Pooling.Windows("AvgPool2d", shape, kernel, stride ?? kernel, padding)), x);

        /// <summary>The maximum over windows of <paramref name="kernel"/> pixels. The gradient goes to the first
        /// maximum of a window.</summary>
        /// <param name="kernel">Size of a window.</param>
        /// <param name="stride">Distance of the windows; the kernel's size when null, so that they do not overlap.
        /// </param>
        /// <param name="padding">Pixels around the image that are never the maximum, at most half of the kernel.
        /// </param>
        /// <returns>[N, (H + 2 padding - kernel) / stride + 1, ..., C], rounded down, for an input [N, H, W, C].
        /// </returns>
        /// <exception cref="ShapeException">Not an image, or a setting that does not fit it.</exception>
        public Tensor MaxPool2d(Pair kernel, Pair? stride = null, Pair padding = default) =>
            Op.Apply(new MaxPool2dOp(kernel, stride ?? kernel, padding), x);

        /// <summary>The mean over windows that divide the image into <paramref name="output"/> parts: part i of a
        /// height H covers the rows floor(i H / output) to ceil((i + 1) H / output) - 1. Parts may be smaller than a
        /// pixel, which is then repeated.</summary>
        /// <param name="output">Size of the result.</param>
        /// <returns>[N, output, C] for an input [N, H, W, C].</returns>
        /// <exception cref="ShapeException">Not an image, or an empty one.</exception>
        public Tensor AdaptiveAvgPool2d(Pair output) =>
            Op.Apply(new AvgPool2dOp("adaptive_avg_pool2d", shape => Pooling.Adaptive(shape, output)), x);
    }
}
