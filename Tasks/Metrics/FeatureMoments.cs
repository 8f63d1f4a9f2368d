using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Mean and covariance of the features of some images, in float64.</summary>
public sealed class FeatureMoments
{
    // Rows that are read and multiplied at once.
    private const int Rows = 2048;

    private readonly double[] mean, covariance;

    private FeatureMoments(long images, double[] mean, double[] covariance) =>
        (Images, this.mean, this.covariance) = (images, mean, covariance);

    /// <summary>Number of images.</summary>
    public long Images { get; }

    /// <summary>Number of features.</summary>
    public int Features => mean.Length;

    /// <summary>[features].</summary>
    public ReadOnlySpan<double> Mean => mean;

    /// <summary>Unbiased, [features, features]: products of deviations over images - 1.</summary>
    public ReadOnlySpan<double> Covariance => covariance;

    /// <summary>Calculates them.</summary>
    /// <param name="features">[images, features], of any floating type, on any device.</param>
    /// <exception cref="ShapeException">It is no matrix, or of fewer than two images.</exception>
    public static FeatureMoments Of(Tensor features)
    {
        if (features.Rank != 2 || features.Shape[0] < 2 || features.Shape[1] < 1)
            throw new ShapeException($"a covariance takes features [images, features] of at least 2 images, found "
                + $"{features.Shape}");
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
        return new FeatureMoments(features.Shape[0], mean, covariance);
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
