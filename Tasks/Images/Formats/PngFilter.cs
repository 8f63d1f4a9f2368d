namespace Diffract.Tasks;

/// <summary>The five row filters of PNG (section 9.2): a sample less a prediction from its neighbours.</summary>
internal static class PngFilter
{
    /// <summary>The row under the filter whose differences have the smallest sum of absolute values.</summary>
    /// <param name="rows">Five scratch rows of one byte more than a row; one of them is returned.</param>
    /// <param name="row">The samples.</param>
    /// <param name="above">The row before, or zeros.</param>
    /// <param name="step">Bytes of one pixel.</param>
    public static ReadOnlySpan<byte> Best(byte[][] rows, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int step)
    {
        var (best, smallest) = (0, long.MaxValue);
        for (var filter = 0; filter < rows.Length; filter++)
        {
            var filtered = rows[filter].AsSpan();
            filtered[0] = (byte)filter;
            var sum = Apply(filter, row, above, filtered[1..], step);
            if (sum < smallest) (best, smallest) = (filter, sum);
        }
        return rows[best];
    }

    private static long Apply(int filter, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, Span<byte> to, int step)
    {
        var sum = 0L;
        for (var i = 0; i < row.Length; i++)
        {
            int left = i < step ? 0 : row[i - step];
            int corner = i < step ? 0 : above[i - step];
            var predicted = filter switch
            {
                0 => 0,
                1 => left,
                2 => above[i],
                3 => (left + above[i]) >> 1,
                _ => Paeth(left, above[i], corner),
            };
            to[i] = (byte)(row[i] - predicted);
            sum += Math.Abs((int)(sbyte)to[i]);
        }
        return sum;
    }

    private static int Paeth(int left, int above, int corner)
    {
        var estimate = left + above - corner;
        var (a, b, c) = (Math.Abs(estimate - left), Math.Abs(estimate - above), Math.Abs(estimate - corner));
        return a <= b && a <= c ? left : b <= c ? above : corner;
    }
}
