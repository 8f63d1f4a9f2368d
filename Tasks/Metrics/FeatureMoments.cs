using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Mean and covariance of the features of some images, in float64.</summary>
public sealed class FeatureMoments
{
    // Rows that are read and multiplied at once; and the most features, whose covariance takes 2 GiB.
    private const int Rows = 2048, MostFeatures = 16384;

    private readonly double[] mean, covariance;
    private readonly double[]? deviations;

    private FeatureMoments(long images, double[] mean, double[] covariance, double[]? deviations) =>
        (Images, this.mean, this.covariance, this.deviations) = (images, mean, covariance, deviations);

    /// <summary>Number of images.</summary>
    public long Images { get; }

    /// <summary>Number of features.</summary>
    public int Features => mean.Length;

    /// <summary>[features].</summary>
    public ReadOnlySpan<double> Mean => mean;

    /// <summary>Unbiased, [features, features]: products of deviations over images - 1.</summary>
    public ReadOnlySpan<double> Covariance => covariance;

    /// <summary>A matrix F [rows, features] with Fᵀ F = <see cref="Covariance"/>: of no more images than features
    /// what their deviations from the mean amount to, of more the eigenvectors times the roots of their eigenvalues, as
    /// far as these are not 0.</summary>
    internal (double[] Factor, int Rows) Factor()
    {
        if (deviations is not null) return (deviations, (int)Images - 1);
        var eigen = SymmetricEigen.Of(covariance, Features);
        // Below this they are rounding.
        var least = Math.Max(0, eigen.Values[^1] * Features * Math.ScaleB(1, -52));
        var start = 0;
        while (start < Features && eigen.Values[start] <= least) start++;
        var factor = new double[(Features - start) * Features];
        for (var i = start; i < Features; i++)
            DoubleRows.AddScaled(factor.AsSpan((i - start) * Features, Features), Math.Sqrt(eigen.Values[i]),
                eigen.Vector(i));
        return (factor, Features - start);
    }

    /// <summary>Calculates them.</summary>
    /// <param name="features">[images, features], of any floating type, on any device.</param>
    /// <exception cref="ShapeException">It is no matrix, or of fewer than two images, or has more features than a
    /// covariance can be calculated of.</exception>
    public static FeatureMoments Of(Tensor features)
    {
        if (features.Rank != 2 || features.Shape[0] < 2 || features.Shape[1] < 1)
            throw new ShapeException($"a covariance takes features [images, features] of at least 2 images, found "
                + $"{features.Shape}");
        if (features.Shape[1] > MostFeatures)
            throw new ShapeException($"a covariance is calculated of at most {MostFeatures} features, found "
                + $"{features.Shape[1]}: average maps to a smaller side");
        var width = features.Shape.Int(1);
        var mean = new double[width];
        foreach (var (rows, count) in Parts(features))
            for (var i = 0; i < count; i++) DoubleRows.AddScaled(mean, 1, rows.AsSpan(i * width, width));
        for (var j = 0; j < width; j++) mean[j] /= features.Shape[0];
        var covariance = new double[width * width];
        var columns = new double[width * Rows];
        foreach (var (rows, count) in Parts(features))
        {
            Device.Cpu.For(width, j =>
            {
                for (var i = 0; i < count; i++) columns[j * count + i] = rows[i * width + j] - mean[j];
            });
            DoubleProduct.AddGram(covariance, columns, width, count);
        }
        for (var i = 0; i < covariance.Length; i++) covariance[i] /= features.Shape[0] - 1;
        DoubleProduct.Mirror(covariance, width);
        return new FeatureMoments(features.Shape[0], mean, covariance,
            features.Shape[0] <= width ? Deviations(features, mean) : null);
    }

    // Deviations sum to 0, so there is one too many. A reflection that turns (1, …, 1) into the first axis makes the
    // first of n rows 0 and adds it, over √n - 1, to the others.
    private static double[] Deviations(Tensor features, double[] mean)
    {
        var (images, width) = (features.Shape.Int(0), mean.Length);
        var all = Part(features, 0, images);
        var scale = 1 / Math.Sqrt(images - 1);
        for (var i = 0; i < all.Length; i++) all[i] = (all[i] - mean[i % width]) * scale;
        var rest = all[width..];
        for (var i = 0; i < images - 1; i++)
            DoubleRows.AddScaled(rest.AsSpan(i * width, width), 1 / (Math.Sqrt(images) - 1),
                all.AsSpan(0, width));
        return rest;
    }

    private static IEnumerable<(double[] Rows, int Count)> Parts(Tensor features)
    {
        for (var from = 0L; from < features.Shape[0]; from += Rows)
        {
            var count = (int)Math.Min(Rows, features.Shape[0] - from);
            yield return (Part(features, from, count), count);
        }
    }

    private static double[] Part(Tensor features, long from, int count)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        return Elements.Doubles(features.Slice(0, from, count));
    }
}
