using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>The squared maximum mean discrepancy of two sets of features with the kernel (x·y / D + 1)³ for D features
/// (Binkowski et al. 2018; with the features of FID's Inception network known as KID). The estimate is unbiased: its
/// expectation does not depend on the number of images, and for equal distributions it is as often below 0 as above.
/// </summary>
/// <param name="Mean">Over the subsets.</param>
/// <param name="Deviation">Standard deviation over the subsets, as public implementations give it: divided by their
/// number.</param>
/// <param name="Subsets">Number of pairs of subsets.</param>
/// <param name="Size">Images in a subset of each set.</param>
public sealed record KernelDistance(double Mean, double Deviation, int Subsets, int Size)
{
    /// <summary>Images in a subset, unless something else is said: 1000, and half of the smaller set where that is
    /// less, or the subsets would all be the same; at least 2.</summary>
    public static int SizeFor(long first, long second) => (int)Math.Clamp(Math.Min(first, second) / 2, 2, 1000);

    /// <summary>Estimates the distance.</summary>
    /// <param name="first">Float32 or float64 [images, features]; products are calculated in its type on its device,
    /// everything else in float64.</param>
    /// <param name="second">As many features of other images.</param>
    /// <param name="subsets">Pairs of subsets.</param>
    /// <param name="size">Images in a subset; see <see cref="SizeFor"/>.</param>
    /// <param name="seed">Of the choice of subsets.</param>
    /// <param name="cancellation">Stops between two subsets.</param>
    /// <exception cref="ShapeException">The numbers of features differ, or there are fewer images than a subset takes.
    /// </exception>
    public static KernelDistance Between(Tensor first, Tensor second, int subsets = 100, int? size = null,
        ulong seed = 0, CancellationToken cancellation = default)
    {
        if (first.Rank != 2 || second.Rank != 2 || first.Shape[1] != second.Shape[1])
            throw new ShapeException($"features {first.Shape} and {second.Shape} have no distance");
        var images = size ?? SizeFor(first.Shape[0], second.Shape[0]);
        if (images < 2 || images > first.Shape[0] || images > second.Shape[0])
            throw new ShapeException($"subsets of {images} images cannot be taken from {first.Shape[0]} and "
                + $"{second.Shape[0]}: at least 2 are needed");
        ArgumentOutOfRangeException.ThrowIfLessThan(subsets, 1);
        using var no = GradMode.No();
        var found = new double[subsets];
        for (var i = 0; i < subsets; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = Scope.Open();
            var draw = new Generator(seed).Split((ulong)i);
            found[i] = Discrepancy(Draw(first, images, draw), Draw(second, images, draw));
        }
        var mean = found.Average();
        return new KernelDistance(mean, Math.Sqrt(found.Average(value => (value - mean) * (value - mean))), subsets,
            images);
    }

    private static Tensor Draw(Tensor features, int images, Generator generator) => features.IndexSelect(0,
        Tensor.From(generator.Permutation(features.Shape.Int(0))[..images], [images]).To(features.Device));

    // Gretton et al. 2012, equation 3: no image is compared with itself.
    private static double Discrepancy(Tensor x, Tensor y)
    {
        double n = x.Shape[0];
        return (Sum(x, x, same: true) + Sum(y, y, same: true)) / (n * (n - 1)) - 2 * Sum(x, y, same: false) / (n * n);
    }

    private static double Sum(Tensor x, Tensor y, bool same)
    {
        var (rows, columns) = (x.Shape.Int(0), y.Shape.Int(0));
        var products = Elements.Doubles(x.MatMul(y, transposeB: true));
        double sum = 0, features = x.Shape[1];
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++)
            {
                if (same && i == j) continue;
                var value = products[i * columns + j] / features + 1;
                sum += value * value * value;
            }
        return sum;
    }
}
