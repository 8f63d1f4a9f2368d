namespace Diffract.Tasks;

/// <summary>The five row filters of PNG (section 9.2): a sample less a prediction from its neighbours to the left,
/// above, and above left.</summary>
internal static class PngFilter
{
    private interface IPredictor
    {
        static abstract int Predict(int left, int above, int corner);
    }

    private readonly struct None : IPredictor
    {
        public static int Predict(int left, int above, int corner) => 0;
    }

    private readonly struct Sub : IPredictor
    {
        public static int Predict(int left, int above, int corner) => left;
    }

    private readonly struct Up : IPredictor
    {
        public static int Predict(int left, int above, int corner) => above;
    }

    private readonly struct Average : IPredictor
    {
        public static int Predict(int left, int above, int corner) => (left + above) >> 1;
    }

    private readonly struct Paeth : IPredictor
    {
        public static int Predict(int left, int above, int corner)
        {
            // How far left + above - corner is from each of the three.
            var (a, b) = (Math.Abs(above - corner), Math.Abs(left - corner));
            var c = Math.Abs(left + above - 2 * corner);
            return a <= b && a <= c ? left : b <= c ? above : corner;
        }
    }

    /// <summary>The row under the filter whose differences have the smallest sum of absolute values.</summary>
    /// <param name="rows">Five scratch rows of one byte more than a row; one of them is returned.</param>
    /// <param name="row">The samples, after one pixel of zeros.</param>
    /// <param name="above">The row before, likewise.</param>
    /// <param name="step">Bytes of one pixel.</param>
    public static ReadOnlySpan<byte> Best(byte[][] rows, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int step)
    {
        ReadOnlySpan<long> sums =
        [
            Apply<None>(rows[0], 0, row, above, step), Apply<Sub>(rows[1], 1, row, above, step),
            Apply<Up>(rows[2], 2, row, above, step), Apply<Average>(rows[3], 3, row, above, step),
            Apply<Paeth>(rows[4], 4, row, above, step),
        ];
        var best = 0;
        for (var filter = 1; filter < sums.Length; filter++) if (sums[filter] < sums[best]) best = filter;
        return rows[best];
    }

    private static long Apply<TPredictor>(
        Span<byte> to, byte filter, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int step)
        where TPredictor : struct, IPredictor
    {
        to[0] = filter;
        to = to[1..];
        var left = row;
        var corner = above;
        row = row.Slice(step, to.Length);
        above = above.Slice(step, to.Length);
        var sum = 0L;
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = (byte)(row[i] - TPredictor.Predict(left[i], above[i], corner[i]));
            sum += Math.Abs((int)(sbyte)to[i]);
        }
        return sum;
    }
}
