using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>How far the normal distributions with two sets' means m and covariances S are from each other:
/// |m₁ - m₂|² + Tr(S₁ + S₂ - 2 (S₁ S₂)^½) (Dowson and Landau 1982; Heusel et al. 2017, equation 6). With the features
/// of one certain Inception network it is known as FID. Estimated from few images it is too large, the more so the
/// fewer there are: compare numbers from equally many images only.</summary>
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

    // S₁ S₂ has the eigenvalues of S₁^½ S₂ S₁^½, which is symmetric, and, but for zeros, of F S₂ Fᵀ for any F with
    // Fᵀ F = S₁. The set of fewer images has the smaller F.
    private static double TraceOfRoot(FeatureMoments first, FeatureMoments second)
    {
        var (few, many) = first.Images <= second.Images ? (first, second) : (second, first);
        var (factor, rows) = few.Factor();
        if (rows == 0) return 0;
        double[] turned = new double[factor.Length], product = new double[rows * rows];
        DoubleProduct.Add(turned, factor, rows, many.Covariance.ToArray(), few.Features, few.Features);
        DoubleProduct.Add(product, turned, rows, factor, rows, few.Features);
        var trace = 0.0;
        // What has no rank in one of the sets is 0 but for rounding, which may be negative.
        foreach (var value in SymmetricEigen.Of(product, rows, vectors: false).Values)
            trace += Math.Sqrt(Math.Max(0, value));
        return trace;
    }
}
