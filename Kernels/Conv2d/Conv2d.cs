using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Two-dimensional convolution (cross-correlation, as in PyTorch) of channels-last images:
/// y[n, i, j, f] = bias[f] + sum over c, p, q of weight[f, c, p, q] * x[n, i*s + p*d - pad, j*s + q*d - pad, c].
/// </summary>
public static partial class Conv2d
{
    /// <summary>y from x.</summary>
    public static readonly Kernel<Conv2dArgs> Forward = new Kernel<Conv2dArgs>("conv2d.forward")
        .OnCpu(DType.Float32, ForwardSimd)
        .OnCpu(DType.Float64, ForwardReference)
        .OnGpu(DType.Float32, ForwardGpu)
        .OnGpu(DType.Float16, ForwardGpu)
        .OnGpu(DType.BFloat16, ForwardGpu);

    /// <summary>The gradient of x from that of y; with a bias, a transposed convolution.</summary>
    public static readonly Kernel<Conv2dArgs> InputGradient = new Kernel<Conv2dArgs>("conv2d.inputgradient")
        .OnCpu(DType.Float32, InputGradientSimd)
        .OnCpu(DType.Float64, InputGradientReference)
        .OnGpu(DType.Float32, InputGradientGpu)
        .OnGpu(DType.Float16, InputGradientGpu)
        .OnGpu(DType.BFloat16, InputGradientGpu);

    /// <summary>The gradient of the weight.</summary>
    public static readonly Kernel<Conv2dWeightGradientArgs> WeightGradient =
        new Kernel<Conv2dWeightGradientArgs>("conv2d.weightgradient")
            .OnCpu(DType.Float32, WeightGradientSimd)
            .OnCpu(DType.Float64, WeightGradientReference)
            .OnGpu(DType.Float32, WeightGradientGpu)
            .OnGpu(DType.Float16, WeightGradientGpu)
            .OnGpu(DType.BFloat16, WeightGradientGpu);

    /// <summary>Lays a weight out as <see cref="Forward"/> or <see cref="InputGradient"/> reads it, so that it need not
    /// at every call.</summary>
    public static readonly Kernel<Conv2dPackArgs> Pack = new Kernel<Conv2dPackArgs>("conv2d.pack")
        .OnCpu(DType.Float32, PackSimd);
}
