using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Diffract.Tasks;

/// <summary>What linear algebra in float64 does to rows of a matrix. Sums have four lanes on every machine, so that the
/// bits are the same on all.</summary>
internal static class DoubleRows
{
    private const int Lanes = 4;

    /// <summary>Σ x_i y_i.</summary>
    public static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        ref var a = ref MemoryMarshal.GetReference(x);
        ref var b = ref MemoryMarshal.GetReference(y);
        var (even, odd) = (Vector256<double>.Zero, Vector256<double>.Zero);
        var i = 0;
        for (; i <= x.Length - 2 * Lanes; i += 2 * Lanes)
        {
            even = Vector256.FusedMultiplyAdd(Load(ref a, i), Load(ref b, i), even);
            odd = Vector256.FusedMultiplyAdd(Load(ref a, i + Lanes), Load(ref b, i + Lanes), odd);
        }
        var sum = Sum(even + odd);
        for (; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }

    /// <summary>y += factor x.</summary>
    public static void AddScaled(Span<double> y, double factor, ReadOnlySpan<double> x)
    {
        ref var a = ref MemoryMarshal.GetReference(x);
        ref var b = ref MemoryMarshal.GetReference(y);
        var all = Vector256.Create(factor);
        var i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
            Vector256.FusedMultiplyAdd(all, Load(ref a, i), Load(ref b, i)).StoreUnsafe(ref b, (nuint)i);
        for (; i < x.Length; i++) y[i] = Math.FusedMultiplyAdd(factor, x[i], y[i]);
    }

    /// <summary>row -= v_i w + w_i v, and the result's dot product with another vector, in one pass over memory.
    /// Products are rounded before they are added, so that the update of a symmetric matrix is symmetric to the last
    /// bit.</summary>
    public static double UpdateAndDot(Span<double> row, double vi, ReadOnlySpan<double> w, double wi,
        ReadOnlySpan<double> v, ReadOnlySpan<double> other)
    {
        ref var r = ref MemoryMarshal.GetReference(row);
        ref var a = ref MemoryMarshal.GetReference(w);
        ref var b = ref MemoryMarshal.GetReference(v);
        ref var o = ref MemoryMarshal.GetReference(other);
        var (left, right, sums) = (Vector256.Create(vi), Vector256.Create(wi), Vector256<double>.Zero);
        var i = 0;
        for (; i <= row.Length - Lanes; i += Lanes)
        {
            var changed = Load(ref r, i) - (left * Load(ref a, i) + right * Load(ref b, i));
            changed.StoreUnsafe(ref r, (nuint)i);
            sums = Vector256.FusedMultiplyAdd(changed, Load(ref o, i), sums);
        }
        var sum = Sum(sums);
        for (; i < row.Length; i++)
        {
            row[i] -= vi * w[i] + wi * v[i];
            sum += row[i] * other[i];
        }
        return sum;
    }

    /// <summary>Turns two rows by an angle: (x, y) becomes (cosine x - sine y, sine x + cosine y).</summary>
    public static void Rotate(Span<double> x, Span<double> y, double cosine, double sine)
    {
        ref var a = ref MemoryMarshal.GetReference(x);
        ref var b = ref MemoryMarshal.GetReference(y);
        var (c, s) = (Vector256.Create(cosine), Vector256.Create(sine));
        var i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
        {
            var (p, q) = (Load(ref a, i), Load(ref b, i));
            (c * p - s * q).StoreUnsafe(ref a, (nuint)i);
            (s * p + c * q).StoreUnsafe(ref b, (nuint)i);
        }
        for (; i < x.Length; i++) (x[i], y[i]) = (cosine * x[i] - sine * y[i], sine * x[i] + cosine * y[i]);
    }

    /// <summary>The sum of the lanes, in an order that no machine changes.</summary>
    public static double Sum(Vector256<double> lanes)
    {
        var half = lanes.GetLower() + lanes.GetUpper();
        return half.ToScalar() + half.GetElement(1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Load(ref double from, int at) => Vector256.LoadUnsafe(ref from, (nuint)at);
}
