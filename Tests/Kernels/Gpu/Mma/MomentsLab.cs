using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Tests.Kernels.Gpu.Mma;

/// <summary>Convolutions with a wish for sums over channels, and how exact these must be.</summary>
internal static class MomentsLab
{
    /// <summary>A 3 x 3 convolution.</summary>
    /// <param name="device">Where: a simulated device, or one that plants faults.</param>
    /// <param name="numbers">What is multiplied.</param>
    /// <param name="image">[N, H, W, C].</param>
    /// <param name="filters">Channels of the result.</param>
    /// <param name="adds">True to add a bias and a residual.</param>
    /// <param name="tile">How it is cut; by the shape when null.</param>
    /// <returns>The result, and the sums, which must have been filled in.</returns>
    public static (double[] Y, double[] Sums) Run(
        GpuDevice device, MmaNumbers numbers, long[] image, int filters, bool adds, MmaTile? tile = null)
    {
        using var scope = Scope.Open();
        var memory = device is PlantingDevice planting ? planting.Sim : device;
        var g = Conv2dGeometry.Of(Shape.Of(image), [filters, image[3], 3, 3], 1, 1, 1, 1);
        var x = MmaLab.Make(numbers, 1, Shape.Of(image), memory);
        var weight = MmaLab.Make(numbers, 2, [filters, image[3], 3, 3], memory);
        var bias = adds ? MmaLab.Make(numbers, 3, [filters], memory) : null;
        var residual = adds ? MmaLab.Make(numbers, 4, g.OutShape, memory) : null;
        var y = Tensor.Empty(g.OutShape, numbers.Stored(), memory);
        var sums = Tensor.Empty([image[0], 2, filters], DType.Float64, memory);
        var wish = new ChannelSums(sums.View, g.OutHeight * g.OutWidth);
        Conv2d.ForwardMma(device, new()
        {
            Input = x.View,
            Weight = weight.View,
            Bias = bias?.View ?? default,
            Residual = residual?.View ?? default,
            Output = y.View,
            Sums = wish,
            Geometry = g,
        }, numbers, tile);
        return wish.IsFilled ? (MmaLab.Doubles(y), sums.ToArray<double>())
            : throw new InvalidOperationException("the sums were not made");
    }

    /// <summary>Where the sums of such a convolution are wrong; null for nowhere.</summary>
    public static string? Error(
        GpuDevice device, MmaNumbers numbers, long[] image, int filters, bool adds, MmaTile? tile = null)
    {
        var (y, sums) = Run(device, numbers, image, filters, adds, tile);
        return Error(y, sums, (int)image[0], (int)(image[1] * image[2]), filters);
    }

    /// <summary>Where the sums that a tensor has are wrong.</summary>
    public static string? Error(Tensor y)
    {
        var view = ChannelMoments.Of(y);
        if (!view.Exists) return "there are none";
        var bytes = new byte[view.Count * sizeof(double)];
        ((GpuDevice)y.Device).Download(view.Address, bytes);
        var sums = Enumerable.Range(0, (int)view.Count).Select(i => BitConverter.ToDouble(bytes, 8 * i)).ToArray();
        var (samples, channels) = (y.Shape.Int(0), y.Shape.Int(-1));
        return Error(MmaLab.Doubles(y), sums, samples, (int)(y.Count / samples / channels), channels);
    }

    /// <summary>Where mean or variance are further from the exact ones than float32 makes them: a strip's mean has a
    /// few roundings of its numbers, which the variance has of their distance.</summary>
    public static string? Error(double[] y, double[] sums, int samples, int pixels, int channels)
    {
        for (var n = 0; n < samples; n++)
            for (var c = 0; c < channels; c++)
            {
                var values = Enumerable.Range(0, pixels).Select(p => y[(n * pixels + p) * channels + c]).ToList();
                double mean = values.Average(), variance = values.Average(v => Math.Pow(v - mean, 2));
                var found = sums[2 * n * channels + c] / pixels;
                var foundVariance = sums[(2 * n + 1) * channels + c] / pixels - found * found;
                var largest = values.Max(Math.Abs);
                if (!(Math.Abs(found - mean) <= 4 * Math.Pow(2, -24) * largest))
                    return $"sample {n}, channel {c}: mean {found:g9} where {mean:g9} is right";
                if (!(Math.Abs(foundVariance - variance) <= 1e-6 * variance + Math.Pow(2, -40) * largest * largest))
                    return $"sample {n}, channel {c}: variance {foundVariance:g9} where {variance:g9} is right";
            }
        return null;
    }
}
