using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>A symmetric matrix A brought to a tridiagonal T by Householder reflections, A = Q T Qᵀ (Golub and Van Loan,
/// "Matrix Computations", section 8.3.1).</summary>
internal sealed class Tridiagonal
{
    // Rows that a core takes at once.
    private const int Rows = 8;

    // Row k holds the reflector of step k behind its diagonal: its first element, 1, is at column k + 1.
    private readonly double[] reflectors, factors;
    private readonly int size;

    /// <summary>Reduces a matrix.</summary>
    /// <param name="matrix">[size, size], symmetric; overwritten.</param>
    /// <param name="size">Rows, at least 1.</param>
    public Tridiagonal(double[] matrix, int size)
    {
        (reflectors, factors, this.size) = (matrix, new double[size], size);
        (Diagonal, Beside) = (new double[size], new double[size]);
        Reduce();
    }

    /// <summary>Diagonal of T.</summary>
    public double[] Diagonal { get; }

    /// <summary>Element i stands beside diagonal elements i and i + 1 of T; the last one is 0.</summary>
    public double[] Beside { get; }

    // The update of one step and the product with the next step's reflector are one pass over the rest of the matrix,
    // which does not fit a cache: A' = A - v wᵀ - w vᵀ with w = p - (τ/2)(p·v) v, p = τ A v.
    private void Reduce()
    {
        double[] v = new double[size], w = new double[size], next = new double[size], product = new double[size];
        for (var k = 0; k < size - 1; k++)
        {
            var row = reflectors.AsSpan(k * size, size);
            if (k > 0) DoubleRows.UpdateAndDot(row[k..], v[k], w.AsSpan(k), w[k], v.AsSpan(k), row[k..]);
            Diagonal[k] = row[k];
            if (k == size - 2)
            {
                Beside[k] = row[k + 1];
                break;
            }
            (Beside[k], factors[k]) = Reflect(row[(k + 1)..], next.AsSpan(k + 1));
            var first = k + 1;
            For(size - first, i =>
            {
                var mine = reflectors.AsSpan((first + i) * size + first, size - first);
                product[first + i] = DoubleRows.UpdateAndDot(mine, v[first + i], w.AsSpan(first), w[first + i],
                    v.AsSpan(first), next.AsSpan(first));
            });
            next.AsSpan(first).CopyTo(row[first..]);
            (v, next) = (next, v);
            var half = factors[k] * factors[k] / 2 * DoubleRows.Dot(product.AsSpan(first), v.AsSpan(first));
            for (var i = first; i < size; i++) w[i] = factors[k] * product[i] - half * v[i];
        }
        var last = size - 1;
        Diagonal[last] = reflectors[last * size + last] - 2 * v[last] * w[last];
    }

    /// <summary>The transpose of Q, [size, size].</summary>
    public double[] Transposed()
    {
        var rows = new double[size * size];
        var blocks = (size + Rows - 1) / Rows;
        // Row r of Qᵀ is e_rᵀ H_{n-3} … H_0, of which reflections that begin behind r change nothing. The last rows
        // have the most to do, so they come first.
        Device.Cpu.For(blocks, block =>
        {
            var (from, to) = ((blocks - 1 - block) * Rows, Math.Min(size, (blocks - block) * Rows));
            for (var r = from; r < to; r++) rows[r * size + r] = 1;
            for (var k = Math.Min(to - 2, size - 3); k >= 0; k--)
            {
                var reflector = reflectors.AsSpan(k * size + k + 1, size - k - 1);
                for (var r = Math.Max(from, k + 1); r < to; r++)
                {
                    var row = rows.AsSpan(r * size + k + 1, size - k - 1);
                    DoubleRows.AddScaled(row, -factors[k] * DoubleRows.Dot(row, reflector), reflector);
                }
            }
        });
        return rows;
    }

    // I - τ v vᵀ with v_0 = 1 turns x into (β, 0, …, 0); the sign of β avoids a difference of equal numbers.
    private static (double Beta, double Factor) Reflect(ReadOnlySpan<double> x, Span<double> v)
    {
        v[0] = 1;
        var rest = DoubleRows.Dot(x[1..], x[1..]);
        if (rest == 0)
        {
            v[1..].Clear();
            return (x[0], 0);
        }
        var beta = -Math.CopySign(Math.Sqrt(x[0] * x[0] + rest), x[0]);
        var scale = 1 / (x[0] - beta);
        for (var i = 1; i < x.Length; i++) v[i] = x[i] * scale;
        return (beta, (beta - x[0]) / beta);
    }

    // By itself a row of a small rest is too little for a core.
    private static void For(int rows, Action<int> body) => Device.Cpu.For((rows + Rows - 1) / Rows, block =>
    {
        for (var i = block * Rows; i < Math.Min(rows, (block + 1) * Rows); i++) body(i);
    });
}
