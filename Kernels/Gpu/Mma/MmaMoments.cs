namespace Diffract.Kernels;

/// <summary>Mean, and sum of squared distances from it, of columns of numbers that lie in a warp's registers: a thread
/// adds up its own rows in two passes, and threads merge in pairs what they have (Chan, Golub and LeVeque 1979).
/// </summary>
/// <param name="k">The kernel; all threads of a warp come here.</param>
internal sealed class MmaMoments(PtxWriter k)
{
    /// <summary>Neighbouring columns that a thread has rows of; afterwards each of eight threads has one of them.
    /// </summary>
    public const int Columns = 8;

    /// <summary>Threads that have rows of the same columns: those whose lanes differ in the upper three bits.</summary>
    public const int Threads = 8;

    /// <summary>The moments of the column that this thread is to have: number <c>lane / 4</c> of the eight.</summary>
    /// <param name="columns">Of each column the rows of this thread; all threads have equally many.</param>
    public (PtxValue Mean, PtxValue Squares) Of(PtxValue[][] columns)
    {
        var parts = columns.Select(Own).ToArray();
        var rows = columns[0].Length;
        for (var half = Columns / 2; half > 0; half /= 2, rows *= 2)
        {
            // A thread keeps the half of its columns that its lane's bit says, and gives the other away.
            var mask = half * 4;
            var isUpper = (k.Lane & mask).UnequalTo(0);
            parts = [.. Enumerable.Range(0, half).Select(c =>
            {
                var (low, high) = (parts[c], parts[c + half]);
                var (own, other) = Exchange(low.Mean, high.Mean);
                var (squares, others) = Exchange(low.Squares, high.Squares);
                return Merge((own, squares), (other, others), rows);
            })];

            (PtxValue Own, PtxValue Other) Exchange(PtxValue low, PtxValue high) => (isUpper.Choose(high, low),
                k.Make(PtxNumber.F32, $"shfl.sync.bfly.b32 {{0}}, {isUpper.Choose(low, high)}, {mask}, 31, -1;"));
        }
        return parts[0];
    }

    /// <summary>The moments of two sets of equally many numbers together.</summary>
    /// <param name="a">Those of one.</param>
    /// <param name="b">Those of the other.</param>
    /// <param name="count">Numbers of each.</param>
    public (PtxValue Mean, PtxValue Squares) Merge(
        (PtxValue Mean, PtxValue Squares) a, (PtxValue Mean, PtxValue Squares) b, int count)
    {
        var apart = b.Mean - a.Mean;
        return ((a.Mean + b.Mean) * k.Single(0.5f),
            (apart * apart).MultiplyAdd(k.Single(count / 2f), a.Squares + b.Squares));
    }

    private (PtxValue Mean, PtxValue Squares) Own(PtxValue[] rows)
    {
        var mean = rows.Aggregate((a, b) => a + b) * k.Single(1f / rows.Length);
        var squares = rows.Select(row => row - mean).Aggregate((PtxValue?)null,
            (sum, apart) => sum is { } s ? apart.MultiplyAdd(apart, s) : apart * apart);
        return (mean, squares!.Value);
    }
}
