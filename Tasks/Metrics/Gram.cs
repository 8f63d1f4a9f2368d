using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>How alike a layer finds each pair of images: the Gram matrix of its features, centred as an estimator of
/// HSIC asks for, so that HSIC is a plain sum of products. It is as large as the number of images squared, whatever
/// the number of features; one triangle of it is kept, in float32.</summary>
public sealed class Gram
{
    // Columns that are multiplied at once: what is centred needs a copy, and sums of more would lose digits.
    private const long Columns = 8192;

    /// <summary>The most images whose matrix can be held.</summary>
    public static int MostImages => (int)Math.Sqrt(Array.MaxLength);

    private readonly float[] triangle;
    private readonly bool unbiased;

    private Gram(int images, float[] triangle, bool unbiased) =>
        (Images, this.triangle, this.unbiased) = (images, triangle, unbiased);

    /// <summary>Number of images.</summary>
    public int Images { get; }

    /// <summary>Calculates a Gram matrix on the features' device; the sums over it are in double precision on the CPU.
    /// </summary>
    /// <param name="features">Float32 or float64 [images, features].</param>
    /// <param name="estimator">Decides how it is centred. <see cref="CkaEstimator.Full"/>: rows and columns sum to 0.
    /// The others: the diagonal is 0, and the rest U-centred (Szekely and Rizzo 2014), which makes HSIC_1 a sum of
    /// products.</param>
    /// <exception cref="ShapeException">The features are no matrix, or of too few images for the estimator: 2 for the
    /// full one, 4 for the others.</exception>
    public static Gram Of(Tensor features, CkaEstimator estimator)
    {
        var unbiased = estimator != CkaEstimator.Full;
        if (features.Rank != 2 || features.Shape[0] < (unbiased ? 4 : 2))
            throw new ShapeException($"CKA ({estimator}) takes features [images, features] of at least "
                + $"{(unbiased ? 4 : 2)} images, found {features.Shape}");
        var n = features.Shape.Int(0);
        // A row of equal columns is what centring removes, before it costs digits; stretching would see it.
        var gram = Products(features, centred: estimator != CkaEstimator.MinibatchMinMax);
        if (estimator == CkaEstimator.MinibatchMinMax) Stretch(gram);
        if (unbiased) CentreUnbiased(gram, n);
        var triangle = new float[n * (n + 1L) / 2];
        var at = 0L;
        for (var i = 0; i < n; i++)
            for (var j = 0; j <= i; j++) triangle[at++] = (float)gram[(long)i * n + j];
        return new Gram(n, triangle, unbiased);
    }

    /// <summary>HSIC of two layers' features of the same images, by the estimator they were centred for: the sum of
    /// products over n² (biased; the factor is often (n - 1)²), or over n (n - 3).</summary>
    /// <exception cref="ArgumentException">Another number of images, or another estimator.</exception>
    public double Hsic(Gram other)
    {
        if (other.Images != Images || other.unbiased != unbiased)
            throw new ArgumentException($"Gram matrices of {Images} and {other.Images} images do not fit");
        double sum = 0;
        var at = 0L;
        for (var i = 0; i < Images; i++)
        {
            double row = 0;
            var mine = triangle.AsSpan((int)at, i);
            var theirs = other.triangle.AsSpan((int)at, i);
            for (var j = 0; j < mine.Length; j++) row += (double)mine[j] * theirs[j];
            sum += 2 * row + (double)triangle[at + i] * other.triangle[at + i];
            at += i + 1;
        }
        return sum / (unbiased ? Images * (Images - 3.0) : (double)Images * Images);
    }

    private static double[] Products(Tensor features, bool centred)
    {
        using var no = GradMode.No();
        var sums = new double[features.Shape[0] * features.Shape[0]];
        for (var from = 0L; from < features.Shape[1]; from += Columns)
        {
            using var scope = Scope.Open();
            var part = features.Slice(1, from, Math.Min(Columns, features.Shape[1] - from));
            if (centred) part -= part.Mean(0, keepDim: true);
            var products = Elements.Doubles(part.MatMul(part, transposeB: true));
            for (var i = 0; i < sums.Length; i++) sums[i] += products[i];
        }
        return sums;
    }

    private static void Stretch(double[] gram)
    {
        var (low, high) = (gram.Min(), gram.Max());
        var range = high > low ? high - low : 1;
        for (var i = 0; i < gram.Length; i++) gram[i] = (gram[i] - low) / range;
    }

    private static void CentreUnbiased(double[] gram, int n)
    {
        var means = new double[n];
        for (var i = 0; i < n; i++)
        {
            gram[(long)i * n + i] = 0;
            for (var j = 0; j < n; j++) means[i] += gram[(long)i * n + j];
        }
        var mean = means.Sum() / ((n - 1.0) * (n - 2));
        for (var i = 0; i < n; i++) means[i] /= n - 2;
        for (var i = 0; i < n; i++)
            for (var j = 0; j < n; j++)
                if (i != j) gram[(long)i * n + j] += mean - means[i] - means[j];
    }
}
