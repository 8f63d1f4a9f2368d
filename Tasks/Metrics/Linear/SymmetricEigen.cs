using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Eigenvalues and eigenvectors of a symmetric matrix in float64, A = V diag(λ) Vᵀ: Householder reduction to
/// tridiagonal form, then the QL algorithm with implicit shifts (Wilkinson and Reinsch 1971, contributions II/2 and
/// II/4). Errors are about the largest eigenvalue times 2⁻⁵³ times a small power of the size, for all eigenvalues, so
/// those of a matrix that lacks rank come out as 0 but for that. All cores of the machine work; the bits do not depend
/// on their number.</summary>
public sealed class SymmetricEigen
{
    // Three are usual; a matrix that needs this many has an element that is no number.
    private const int MostSweeps = 60;

    private readonly double[] values;
    private readonly double[]? vectors;

    private SymmetricEigen(double[] values, double[]? vectors) => (this.values, this.vectors) = (values, vectors);

    /// <summary>Number of rows.</summary>
    public int Size => values.Length;

    /// <summary>The eigenvalues, ascending.</summary>
    public ReadOnlySpan<double> Values => values;

    /// <summary>The eigenvector of an eigenvalue, of length 1; its sign is arbitrary.</summary>
    /// <param name="index">Position among <see cref="Values"/>.</param>
    /// <exception cref="InvalidOperationException">Vectors were not asked for.</exception>
    public ReadOnlySpan<double> Vector(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Size);
        return (vectors ?? throw new InvalidOperationException("only eigenvalues were calculated"))
            .AsSpan(index * Size, Size);
    }

    /// <summary>Decomposes a matrix.</summary>
    /// <param name="matrix">[size, size]; what is below the diagonal counts, the rest is not looked at.</param>
    /// <param name="size">Rows, at least 1.</param>
    /// <param name="vectors">False for eigenvalues alone, in a third of the time.</param>
    /// <exception cref="ArgumentException">The matrix has another size, or an element that is no finite number.
    /// </exception>
    public static SymmetricEigen Of(ReadOnlySpan<double> matrix, int size, bool vectors = true)
    {
        if (size < 1 || matrix.Length != (long)size * size)
            throw new ArgumentException($"{matrix.Length} numbers are no matrix of {size} rows", nameof(matrix));
        var copy = matrix.ToArray();
        DoubleProduct.Mirror(copy, size);
        var largest = 0.0;
        foreach (var element in copy)
            largest = double.IsFinite(element) ? Math.Max(largest, Math.Abs(element))
                : throw new ArgumentException($"the matrix has an element {element}", nameof(matrix));
        // Powers of two scale without rounding, and squares neither overflow nor vanish.
        var scale = largest > 0 ? Math.ScaleB(1, Math.ILogB(largest)) : 1;
        for (var i = 0; i < copy.Length; i++) copy[i] /= scale;
        var form = new Tridiagonal(copy, size);
        var rows = vectors ? form.Transposed() : null;
        var rotations = rows is null ? null : new Rotations(rows, size);
        Diagonalise(form.Diagonal, form.Beside, rotations);
        rotations?.Finish();
        return Sorted(form.Diagonal, rows, scale);
    }

    // From the top: each sweep turns rows from the end of the unreduced block upwards, and drives the topmost element
    // beside the diagonal to 0. A rotation of rows i and i + 1 makes one element outside the three diagonals, which the
    // next one removes.
    private static void Diagonalise(double[] diagonal, double[] beside, Rotations? rotations)
    {
        for (var top = 0; top < diagonal.Length; top++)
            for (var sweeps = 0; ; sweeps++)
            {
                var end = top;
                while (end < diagonal.Length - 1 && !IsSmall(diagonal, beside, end)) end++;
                if (end == top) break;
                if (sweeps == MostSweeps)
                    throw new DiffractException($"eigenvalue {top + 1} of {diagonal.Length} does not settle");
                Sweep(diagonal, beside, top, end, rotations);
            }
    }

    // Beside its neighbours, or beside the largest element of the matrix, which is scaled to at least 1: the reduction
    // has changed the matrix by more than that. Without the latter, what is left of a matrix that lacks rank would be
    // divided down to numbers that have no digits any more.
    private static bool IsSmall(double[] diagonal, double[] beside, int at) => Math.Abs(beside[at])
        <= Math.ScaleB(Math.Abs(diagonal[at]) + Math.Abs(diagonal[at + 1]), -53) + Math.ScaleB(1, -60);

    private static void Sweep(double[] diagonal, double[] beside, int top, int end, Rotations? rotations)
    {
        // Wilkinson's shift: the eigenvalue of the topmost two rows that is nearer to the topmost element.
        var half = (diagonal[top + 1] - diagonal[top]) / (2 * beside[top]);
        var shift = diagonal[top] - beside[top] / (half + Math.CopySign(Hypotenuse(half, 1), half));
        var (cosine, sine, carried, corner) = (1.0, 1.0, 0.0, diagonal[end] - shift);
        for (var i = end - 1; i >= top; i--)
        {
            var (bulge, link) = (sine * beside[i], cosine * beside[i]);
            var length = Hypotenuse(bulge, corner);
            beside[i + 1] = length;
            if (length == 0)
            {
                // The block falls apart here; what was carried belongs to the row below.
                diagonal[i + 1] -= carried;
                beside[end] = 0;
                return;
            }
            (sine, cosine) = (bulge / length, corner / length);
            var below = diagonal[i + 1] - carried;
            var change = (diagonal[i] - below) * sine + 2 * cosine * link;
            carried = sine * change;
            diagonal[i + 1] = below + carried;
            corner = cosine * change - link;
            rotations?.Add(i, cosine, sine);
        }
        diagonal[top] -= carried;
        beside[top] = corner;
        beside[end] = 0;
    }

    // Elements are at most about the size of the matrix, which is scaled: squares cannot overflow.
    private static double Hypotenuse(double x, double y) => Math.Abs(x) > Math.Abs(y)
        ? Math.Abs(x) * Math.Sqrt(1 + y / x * (y / x))
        : y == 0 ? 0 : Math.Abs(y) * Math.Sqrt(1 + x / y * (x / y));

    private static SymmetricEigen Sorted(double[] values, double[]? rows, double scale)
    {
        var size = values.Length;
        int[] order = [.. Enumerable.Range(0, size)];
        Array.Sort([.. values], order);
        var sorted = order.Select(i => values[i] * scale).ToArray();
        if (rows is null) return new SymmetricEigen(sorted, null);
        var vectors = new double[rows.Length];
        for (var i = 0; i < size; i++) rows.AsSpan(order[i] * size, size).CopyTo(vectors.AsSpan(i * size));
        return new SymmetricEigen(sorted, vectors);
    }
}
