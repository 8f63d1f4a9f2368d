using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>The gradient of a bias over the last axis.</summary>
internal static class BiasGradient
{
    /// <summary>Sums over all axes but the last.</summary>
    /// <param name="dy">Gradient of the result.</param>
    /// <param name="type">Type of the bias; that of <paramref name="dy"/> when left out. Sums of 16-bit floats are
    /// rounded to 16 bits only where this says so.</param>
    public static Tensor Of(Tensor dy, DType? type = null)
    {
        using var scope = Scope.Open();
        var columns = dy.Shape.Int(-1);
        var sums = Tensor.Empty([columns], dy.DType.IsHalf() ? DType.Float32 : dy.DType, dy.Device);
        ColumnSums.Kernel.Run(dy.Device, dy.DType, new(dy.View, sums.View, dy.Shape[..^1].Count, columns));
        return scope.Keep(sums.To(type ?? dy.DType));
    }
}
