using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>The directions in which vectors differ most, and where each vector lies along them.</summary>
/// <param name="Directions">Float64 [count, channels], of length 1, the one of the largest variance first. Their signs
/// are such that the element of the largest size is positive.</param>
/// <param name="Scores">Float64 [vectors, count]: places along the directions, 0 the mean.</param>
/// <param name="Shares">Share of the whole variance along each direction, 0 to 1; 0 when all vectors are equal.</param>
public sealed record PrincipalComponents(double[,] Directions, double[,] Scores, IReadOnlyList<double> Shares)
{
    private const int MostIterations = 300;
    private const double Settled = 1e-9;

    /// <summary>Finds them by orthogonal iteration from a fixed start, in double precision: equal vectors give equal
    /// bits.</summary>
    /// <param name="vectors">Float32 [vectors, channels].</param>
    /// <param name="count">How many directions; at most the number of channels.</param>
    public static PrincipalComponents Of(Tensor vectors, int count)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var (n, channels) = (vectors.Shape.Int(0), vectors.Shape.Int(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, channels);
        var centred = vectors - vectors.Mean(0, keepDim: true);
        var covariance = Elements.Doubles(centred.MatMul(centred, transposeA: true));
        var total = Enumerable.Range(0, channels).Sum(i => covariance[i * channels + i]);
        var (directions, variances) = Directed(covariance, channels, count);
        var (places, scores) = (Elements.Doubles(centred), new double[n, count]);
        for (var i = 0; i < n; i++)
            for (var k = 0; k < count; k++)
                for (var j = 0; j < channels; j++) scores[i, k] += places[i * channels + j] * directions[k, j];
        return new PrincipalComponents(directions, scores, [.. variances.Select(v => total > 0 ? v / total : 0)]);
    }

    private static (double[,] Directions, double[] Variances) Directed(double[] covariance, int channels, int count)
    {
        var start = Elements.Doubles(Tensor.Randn([count, channels], new Generator(0)));
        var (directions, variances) = (new double[count, channels], new double[count]);
        Buffer.BlockCopy(start, 0, directions, 0, start.Length * sizeof(double));
        Orthogonalise(directions);
        for (var iteration = 0; iteration < MostIterations; iteration++)
        {
            var next = new double[count, channels];
            for (var k = 0; k < count; k++)
                for (var i = 0; i < channels; i++)
                    for (var j = 0; j < channels; j++) next[k, i] += covariance[i * channels + j] * directions[k, j];
            variances = Orthogonalise(next);
            var moved = 0.0;
            foreach (var (before, after) in directions.Cast<double>().Zip(next.Cast<double>()))
                moved = Math.Max(moved, Math.Abs(after - before));
            directions = next;
            if (moved < Settled) break;
        }
        FixSigns(directions);
        return (directions, variances);
    }

    // Gram and Schmidt, twice where digits are lost is not needed for a handful. The lengths before are the variances.
    private static double[] Orthogonalise(double[,] rows)
    {
        var lengths = new double[rows.GetLength(0)];
        for (var k = 0; k < lengths.Length; k++)
        {
            for (var other = 0; other < k; other++)
            {
                var share = Dot(rows, k, other);
                for (var j = 0; j < rows.GetLength(1); j++) rows[k, j] -= share * rows[other, j];
            }
            lengths[k] = Math.Sqrt(Dot(rows, k, k));
            // What does not vary has no direction.
            var factor = lengths[k] > 0 ? 1 / lengths[k] : 0;
            for (var j = 0; j < rows.GetLength(1); j++) rows[k, j] *= factor;
        }
        return lengths;
    }

    private static double Dot(double[,] rows, int a, int b)
    {
        double sum = 0;
        for (var j = 0; j < rows.GetLength(1); j++) sum += rows[a, j] * rows[b, j];
        return sum;
    }

    private static void FixSigns(double[,] rows)
    {
        for (var k = 0; k < rows.GetLength(0); k++)
        {
            var largest = 0;
            for (var j = 1; j < rows.GetLength(1); j++)
                if (Math.Abs(rows[k, j]) > Math.Abs(rows[k, largest])) largest = j;
            if (rows[k, largest] >= 0) continue;
            for (var j = 0; j < rows.GetLength(1); j++) rows[k, j] = -rows[k, j];
        }
    }
}
