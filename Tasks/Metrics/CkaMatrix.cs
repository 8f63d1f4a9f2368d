using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Linear centred kernel alignment of every row layer with every column layer: 1 for layers that differ by a
/// rotation and a factor, 0 for layers that have nothing in common. Images come all at once or batch by batch, as the
/// estimator wants.</summary>
public sealed class CkaMatrix
{
    private readonly CkaEstimator estimator;
    private readonly bool symmetric;
    private readonly double[,] sums;
    private readonly double[] rowSums, columnSums;

    /// <summary>A matrix without images yet.</summary>
    /// <param name="estimator">How HSIC is estimated.</param>
    /// <param name="rows">Number of row layers.</param>
    /// <param name="columns">Number of column layers; null when they are the row layers themselves.</param>
    public CkaMatrix(CkaEstimator estimator, int rows, int? columns = null)
    {
        (this.estimator, symmetric) = (estimator, columns is null);
        sums = new double[rows, columns ?? rows];
        (rowSums, columnSums) = (new double[rows], new double[columns ?? rows]);
    }

    /// <summary>Batches so far.</summary>
    public int Batches { get; private set; }

    /// <summary>Adds a batch of the row layers' features, each [images, features].</summary>
    /// <param name="rows">The row layers.</param>
    /// <param name="columns">The column layers; null when they are the row layers.</param>
    public void Add(IReadOnlyList<Tensor> rows, IReadOnlyList<Tensor>? columns = null)
    {
        Gram[] grams = [.. rows.Select(x => Gram.Of(x, estimator))];
        Add(grams, columns is null ? null : [.. columns.Select(x => Gram.Of(x, estimator))]);
    }

    /// <summary>Adds a batch whose Gram matrices are known, centred for the estimator.</summary>
    /// <param name="rows">The row layers'.</param>
    /// <param name="columns">The column layers'; null when they are the row layers.</param>
    /// <exception cref="ArgumentException">Another number of layers, or a second batch for the full estimator.
    /// </exception>
    public void Add(IReadOnlyList<Gram> rows, IReadOnlyList<Gram>? columns = null)
    {
        if (columns is null != symmetric || rows.Count != rowSums.Length
            || (columns ?? rows).Count != columnSums.Length)
            throw new ArgumentException("the number of layers is not the matrix's");
        if (estimator == CkaEstimator.Full && Batches > 0)
            throw new ArgumentException("the full estimator takes all images at once");
        Batches++;
        // Every pair has a sum of its own: the number of threads changes no bit.
        Parallel.For(0, rowSums.Length * columnSums.Length, pair =>
        {
            var (i, j) = Math.DivRem(pair, columnSums.Length);
            if (!symmetric || j <= i) sums[i, j] += rows[i].Hsic((columns ?? rows)[j]);
        });
        for (var i = 0; i < rowSums.Length; i++) rowSums[i] += rows[i].Hsic(rows[i]);
        for (var j = 0; j < columnSums.Length; j++)
            columnSums[j] += symmetric ? rows[j].Hsic(rows[j]) : columns![j].Hsic(columns[j]);
    }

    /// <summary>The similarities [rows, columns]; NaN where a layer says the same of all images.</summary>
    public double[,] Values
    {
        get
        {
            var values = new double[rowSums.Length, columnSums.Length];
            for (var i = 0; i < rowSums.Length; i++)
                for (var j = 0; j < columnSums.Length; j++)
                    values[i, j] = (symmetric && j > i ? sums[j, i] : sums[i, j])
                        / Math.Sqrt(rowSums[i] * columnSums[j]);
            return values;
        }
    }
}
