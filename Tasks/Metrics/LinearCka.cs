using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Linear centred kernel alignment (Kornblith et al. 2019) of two layers.</summary>
public static class LinearCka
{
    /// <summary>How alike two layers are, from the same images in the same order.</summary>
    /// <param name="x">Float32 or float64 [images, features].</param>
    /// <param name="y">[images, features], of any number of features.</param>
    /// <param name="estimator">How HSIC is estimated.</param>
    /// <param name="batch">Images in a batch of the minibatch estimators, rows that follow each other: they are to be
    /// in random order, not sorted by class. An incomplete last batch is left out.</param>
    /// <exception cref="ShapeException">The numbers of images differ, or there is no whole batch.</exception>
    public static double Of(Tensor x, Tensor y, CkaEstimator estimator = CkaEstimator.Full, int batch = 0)
    {
        var images = x.Shape.Int(0);
        if (estimator == CkaEstimator.Full) batch = images;
        if (y.Shape[0] != images || batch < 1 || batch > images)
            throw new ShapeException($"features {x.Shape} and {y.Shape} cannot be compared in batches of {batch}");
        var matrix = new CkaMatrix(estimator, 1, 1);
        for (var from = 0; from + batch <= images; from += batch)
        {
            using var scope = Scope.Open();
            matrix.Add([Rows(x, from, batch)], [Rows(y, from, batch)]);
        }
        return matrix.Values[0, 0];
    }

    private static Tensor Rows(Tensor x, int from, int count) =>
        x.Window(Shape.Of(count, x.Shape[1]), x.Offset + from * x.Strides[0], [.. x.Strides]);
}
