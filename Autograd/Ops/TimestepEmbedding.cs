using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>The sinusoidal embedding of diffusion time steps.</summary>
public static class TimestepEmbedding
{
    /// <summary>[cos(t f) | sin(t f)] with frequencies f from 1 down to about 1 / <paramref name="maxPeriod"/>. It has
    /// no gradient.</summary>
    /// <param name="timesteps">[N], whole or fractional steps of any numeric type.</param>
    /// <param name="dim">Elements of an embedding; the last of an odd number is 0.</param>
    /// <param name="maxPeriod">Sets the lowest frequency.</param>
    /// <returns>Float32 [N, dim].</returns>
    /// <exception cref="ShapeException">The steps are not [N], or <paramref name="dim"/> is below 1.</exception>
    /// <remarks>Vaswani et al. 2017, with the order of Dhariwal and Nichol 2021.</remarks>
    public static Tensor Of(Tensor timesteps, int dim, double maxPeriod = 10000)
    {
        if (timesteps.Rank != 1)
            throw new ShapeException($"TimestepEmbedding: steps must be [N], found {timesteps.Shape}");
        if (dim < 1) throw new ShapeException($"TimestepEmbedding: dim must be at least 1, found {dim}");
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var steps = timesteps.To(DType.Float32).Contiguous();
        var y = Tensor.Empty([timesteps.Shape[0], dim], DType.Float32, timesteps.Device);
        TimestepSinusoids.Forward.Run(y.Device, y.DType,
            new(steps.View, y.View, timesteps.Shape.Int(0), dim, maxPeriod));
        return scope.Keep(y);
    }
}
