using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>What convolution and transposed convolution share: each one's forward is in the other's backward.</summary>
internal static class Convolutions
{
    public static Tensor Forward(Tensor x, Tensor weight, Tensor? bias, Tensor? residual, in Conv2dGeometry geometry)
    {
        var y = Tensor.Empty(geometry.OutShape, x.DType, x.Device);
        Conv2d.Forward.Run(x.Device, x.DType, new Conv2dArgs
        {
            Input = x.View,
            Weight = weight.View,
            Bias = Norms.ViewOf(bias),
            Residual = Norms.ViewOf(residual),
            Output = y.View,
            Geometry = geometry,
        });
        return y;
    }

    public static Tensor InputGradient(Tensor dy, Tensor weight, Tensor? bias, in Conv2dGeometry geometry)
    {
        var dx = Tensor.Empty([geometry.Batch, geometry.Height, geometry.Width, geometry.Channels], dy.DType, dy.Device);
        Conv2d.InputGradient.Run(dy.Device, dy.DType, new Conv2dArgs
        {
            Input = dy.View,
            Weight = weight.View,
            Bias = Norms.ViewOf(bias),
            Output = dx.View,
            Geometry = geometry,
        });
        return dx;
    }

    public static Tensor WeightGradient(Tensor x, Tensor dy, in Conv2dGeometry geometry)
    {
        var shape = Shape.Of(geometry.Filters, geometry.GroupChannels, geometry.Kernel.H, geometry.Kernel.W);
        var gradient = Tensor.Empty(shape, x.DType, x.Device);
        Conv2d.WeightGradient.Run(x.Device, x.DType, new(x.View, dy.View, gradient.View, geometry));
        return gradient;
    }

    public static void CheckParameters(string op, Tensor x, Tensor weight, Tensor? bias, int channels)
    {
        Norms.CheckParameter(op, "weight", weight, weight.Shape, x.DType);
        Norms.CheckParameter(op, "bias", bias, [channels], x.DType);
    }
}
