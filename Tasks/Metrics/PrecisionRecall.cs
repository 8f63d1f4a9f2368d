using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Improved precision and recall (Kynkäänniemi et al. 2019). A set's images each reach as far as their k-th
/// nearest neighbour in the set, and together cover a region of the space of features.</summary>
/// <param name="Precision">Generated images in the region of the real ones: how many look real.</param>
/// <param name="Recall">Real images in the region of the generated ones: how much of what is real is generated.</param>
public readonly record struct PrecisionRecall(Proportion Precision, Proportion Recall)
{
    /// <summary>Compares two sets of features.</summary>
    /// <param name="real">Float32 or float64 [images, features], on the device that calculates.</param>
    /// <param name="generated">As many features of generated images, of the same type and device.</param>
    /// <param name="k">Which neighbour an image reaches to.</param>
    /// <param name="cancellation">Stops between two blocks of images.</param>
    /// <exception cref="ShapeException">The numbers of features differ, or a set has no k-th neighbours.</exception>
    public static PrecisionRecall Of(
        Tensor real, Tensor generated, int k = 3, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        if (real.Rank != 2 || generated.Rank != 2 || real.Shape[1] != generated.Shape[1])
            throw new ShapeException($"features {real.Shape} and {generated.Shape} cannot be compared");
        if (real.Shape[0] <= k || generated.Shape[0] <= k)
            throw new ShapeException($"{k} neighbours need more images than that, found {real.Shape[0]} real and "
                + $"{generated.Shape[0]} generated ones");
        return new PrecisionRecall(Covered(real, generated, k, cancellation),
            Covered(generated, real, k, cancellation));
    }

    private static Proportion Covered(Tensor region, Tensor images, int k, CancellationToken cancellation)
    {
        using var known = new NearestRows(region);
        double[] reach = [.. known.OfEachOther(k, cancellation).Select(near => near[k - 1].Squared)];
        return known.Reached(images, reach, cancellation);
    }
}
