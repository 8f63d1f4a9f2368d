using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>How far the normal distributions with two sets' means m and covariances S are from each other:
/// |m₁ - m₂|² + Tr(S₁ + S₂ - 2 (S₁ S₂)^½) (Dowson and Landau 1982; Heusel et al. 2017, equation 6). With the features of
/// one certain Inception network it is known as FID. Estimated from few images it is too large, the more so the fewer
/// there are: compare numbers from equally many images only.</summary>
public static class FrechetDistance
{
    /// <summary>The distance of two sets of features.</summary>
    /// <param name="first">[images, features], of any floating type, on any device.</param>
    /// <param name="second">As many features of other images; there may be fewer images than features.</param>
    /// <exception cref="ShapeException">The numbers of features differ, or a set has fewer than two images.</exception>
    public static double Between(Tensor first, Tensor second) =>
        Between(FeatureMoments.Of(first), FeatureMoments.Of(second));

    /// <inheritdoc cref="Between(Tensor, Tensor)"/>
    public static double Between(FeatureMoments first, FeatureMoments second)
    {
        if (first.Features != second.Features)
            throw new ShapeException($"sets of {first.Features} and of {second.Features} features have no distance");
        double apart = 0, traces = 0;
        for (var i = 0; i < first.Features; i++)
        {
            var difference = first.Mean[i] - second.Mean[i];
            apart += difference * difference;
            var diagonal = i * first.Features + i;
            traces += first.Covariance[diagonal] + second.Covariance[diagonal];
        }
        // Rounding may leave a distance of equals a little below 0.
        return Math.Max(0, apart + traces - 2 * TraceOfRoot(first, second));
    }

    // S₁ S₂ has the eigenvalues of R = S₁^½ S₂ S₁^½, which is symmetric, and so of the smaller L^½ Vᵀ S₂ V L^½ for the
    // eigenvalues L of S₁ that are not 0 and their vectors V. Of fewer images there are fewer of them.
    private static double TraceOfRoot(FeatureMoments first, FeatureMoments second)
    {
        var (few, many) = first.Images <= second.Images ? (first, second) : (second, first);
        var size = few.Features;
        var roots = SymmetricEigen.Of(few.Covariance, size);
        var least = roots.Values[^1] * size * Math.ScaleB(1, -52);
        var start = 0;
        while (start < size && roots.Values[start] <= Math.Max(0, least)) start++;
        var rank = size - start;
        if (rank == 0) return 0;
        double[] vectors = new double[rank * size], turned = new double[rank * size], product = new double[rank * rank];
        for (var i = 0; i < rank; i++)
        {
            var root = Math.Sqrt(roots.Values[start + i]);
            for (var j = 0; j < size; j++) vectors[i * size + j] = root * roots.Vector(start + i)[j];
        }
        DoubleProduct.Add(turned, vectors, rank, many.Covariance.ToArray(), size, size);
        DoubleProduct.Add(product, turned, rank, vectors, rank, size);
        var trace = 0.0;
        // What has no rank in the second set is 0 but for rounding, which may be negative.
        foreach (var value in SymmetricEigen.Of(product, rank, vectors: false).Values)
            trace += Math.Sqrt(Math.Max(0, value));
        return trace;
    }
}
