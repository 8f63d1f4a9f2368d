using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>What convolution and transposed convolution share: each one's forward is in the other's backward.</summary>
internal static class Convolutions
{
    /// <summary>y from x.</summary>
    /// <param name="x">[N, H, W, C].</param>
    /// <param name="weight">[F, C / groups, kH, kW].</param>
    /// <param name="bias">[F] or null.</param>
    /// <param name="residual">Like the result, or null.</param>
    /// <param name="geometry">Sizes and settings.</param>
    /// <param name="fixedWeight">True when the weight is not being trained: its packed form is kept.</param>
    /// <param name="y">The result, [N, H', W', F]; may lie in the residual's memory.</param>
    /// <param name="sums">Sums over the result's channels that are wished for, or null.</param>
    public static void Forward(Tensor x, Tensor weight, Tensor? bias, Tensor? residual, Conv2dGeometry geometry,
        bool fixedWeight, Tensor y, ChannelSums? sums = null) =>
        Run(Conv2d.Forward, ConvDirection.Forward, weight, fixedWeight, new Conv2dArgs
        {
            Input = x.View,
            Weight = weight.View,
            Bias = Norms.ViewOf(bias),
            Residual = Norms.ViewOf(residual),
            Output = y.View,
            Sums = sums,
            Geometry = geometry,
        });

    /// <summary>dx from dy.</summary>
    /// <param name="dy">[N, H', W', F].</param>
    /// <param name="weight">[F, C / groups, kH, kW].</param>
    /// <param name="bias">[C] or null.</param>
    /// <param name="geometry">Sizes and settings.</param>
    /// <param name="fixedWeight">True when the weight is not being trained: its packed form is kept.</param>
    public static Tensor InputGradient(Tensor dy, Tensor weight, Tensor? bias, Conv2dGeometry geometry,
        bool fixedWeight)
    {
        var shape = Shape.Of(geometry.Batch, geometry.Height, geometry.Width, geometry.Channels);
        var dx = Tensor.Empty(shape, dy.DType, dy.Device);
        Run(Conv2d.InputGradient, ConvDirection.InputGradient, weight, fixedWeight, new Conv2dArgs
        {
            Input = dy.View,
            Weight = weight.View,
            Bias = Norms.ViewOf(bias),
            Output = dx.View,
            Geometry = geometry,
        });
        return dx;
    }

    /// <summary>dW from x and dy, in the weight's type.</summary>
    public static Tensor WeightGradient(Tensor x, Tensor dy, Conv2dGeometry geometry, DType type)
    {
        var shape = Shape.Of(geometry.Filters, geometry.GroupChannels, geometry.Kernel.H, geometry.Kernel.W);
        var gradient = Tensor.Empty(shape, type, x.Device);
        Conv2d.WeightGradient.Run(x.Device, x.DType, new(x.View, dy.View, gradient.View, geometry));
        return gradient;
    }

    public static void CheckParameters(string op, Tensor x, Tensor weight, Tensor? bias, int channels)
    {
        Norms.CheckParameter(op, "weight", weight, weight.Shape, HalfProducts.TypeBeside(x, weight));
        Norms.CheckParameter(op, "bias", bias, [channels], HalfProducts.TypeBeside(x, bias));
    }

    private static void Run(Kernel<Conv2dArgs> kernel, ConvDirection direction, Tensor weight, bool fixedWeight,
        Conv2dArgs args)
    {
        var type = args.Input.DType;
        if (!fixedWeight) PackedWeights.Drop(weight);
        if (fixedWeight && weight.Device is GpuDevice device && Conv2dGpuForm.IsUsed(device, type))
        {
            RunPacked(device, kernel, direction, weight, args);
            return;
        }
        if (!fixedWeight || weight.DType != DType.Float32 || weight.Device is not CpuDevice
            || !Conv2dForm.IsWorthKeeping(args.Geometry, direction))
        {
            kernel.Run(weight.Device, type, args);
            return;
        }
        var form = new Conv2dForm(args.Geometry, direction);
        using var packed = PackedWeights.Get(weight, form, form.Bytes, to =>
            Conv2d.Pack.Run(weight.Device, DType.Float32, new(args.Weight, to, form)));
        kernel.Run(weight.Device, weight.DType, args with { Packed = packed.View });
    }

    private static void RunPacked(GpuDevice device, Kernel<Conv2dArgs> kernel, ConvDirection direction, Tensor weight,
        Conv2dArgs args)
    {
        var form = new Conv2dGpuForm(args.Geometry, direction, args.Input.DType, weight.DType);
        if (!form.IsNeeded)
        {
            kernel.Run(device, args.Input.DType, args);
            return;
        }
        using var packed = PackedWeights.Get(weight, form, form.Bytes, to => form.Pack(device, args.Weight, to));
        kernel.Run(device, args.Input.DType, args with { Packed = packed.View });
    }
}
