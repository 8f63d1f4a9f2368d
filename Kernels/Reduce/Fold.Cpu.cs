using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <remarks>Everything is added up in double precision: memory is slower than that. Rows (Inner = 1) are taken 16
/// numbers at a time, columns (Inner &gt; 1) in strips of up to 32 side by side. A long axis is cut into segments that
/// threads share out; their sums are added first to last.</remarks>
public static unsafe partial class Fold<TFormula>
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private const int Strip = 32;
    private const int LeastRows = 64;

    private static void Simd(CpuDevice device, FoldArgs args)
    {
        if (args.Outer == 0 || args.Inner == 0) return;
        var perSegment = Math.Max(LeastRows, Chunks.Size / args.Inner);
        var segments = Math.Max(1, (args.Length + perSegment - 1) / perSegment);
        if (segments == 1)
        {
            Segments(device, args, 1, perSegment, null);
            return;
        }
        using var scratch = new Scratch(device, args.Outer * segments * args.Inner * sizeof(double));
        var partial = scratch.F64;
        Segments(device, args, segments, perSegment, partial);
        device.ForChunks(args.Outer * args.Inner, Chunks.Size / segments, (first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var (o, column) = Math.DivRem(i, args.Inner);
                var from = partial + o * segments * args.Inner + column;
                double sum = 0;
                for (long s = 0; s < segments; s++) sum += from[s * args.Inner];
                args.Y.F32[i] = (float)(TFormula.Finish(sum) * args.Scale);
            }
        });
    }

    // Items are (slab, segment, strip), the strip fastest. Their sums go to partial, or finished to y when there is
    // none.
    private static void Segments(CpuDevice device, FoldArgs args, long segments, long perSegment, double* partial)
    {
        var strips = (args.Inner + Strip - 1) / Strip;
        var cost = Math.Max(1, Math.Min(perSegment, args.Length) * Math.Min(Strip, args.Inner));
        device.ForChunks(args.Outer * segments * strips, Chunks.Size / cost, (first, last) =>
        {
            var sums = stackalloc double[Strip];
            for (var item = first; item < last; item++)
            {
                var (slab, strip) = Math.DivRem(item, strips);
                var (o, segment) = Math.DivRem(slab, segments);
                var start = segment * perSegment;
                var count = Math.Min(perSegment, args.Length - start);
                var column = strip * Strip;
                var width = (int)Math.Min(Strip, args.Inner - column);
                var x = args.X.F32 + (o * args.Length + start) * args.Inner + column;
                if (args.Inner == 1) *sums = Row(x, count);
                else Columns(x, count, args.Inner, width, sums);
                var at = slab * args.Inner + column;
                for (var i = 0; i < width; i++)
                    if (partial is not null) partial[at + i] = sums[i];
                    else args.Y.F32[at + i] = (float)(TFormula.Finish(sums[i]) * args.Scale);
            }
        });
    }

    [MethodImpl(Hot)]
    private static double Row(float* x, long count)
    {
        Vector256<double> a = default, b = default, c = default, d = default;
        long i = 0;
        for (; i <= count - 2 * WideLane.Width; i += 2 * WideLane.Width)
        {
            Add(x + i, ref a, ref b);
            Add(x + i + WideLane.Width, ref c, ref d);
        }
        for (; i <= count - WideLane.Width; i += WideLane.Width) Add(x + i, ref a, ref b);
        var sum = Vector256.Sum(a + b + (c + d));
        for (; i < count; i++) sum += TFormula.Term<FloatLane>(x[i]);
        return sum;
    }

    [MethodImpl(Hot)]
    private static void Columns(float* x, long rows, long stride, int width, double* sums)
    {
        var column = 0;
        if (width == Strip)
        {
            Vector256<double> a = default, b = default, c = default, d = default, e = default, f = default, g = default,
                h = default;
            for (long r = 0; r < rows; r++)
            {
                var p = x + r * stride;
                Add(p, ref a, ref b);
                Add(p + WideLane.Width, ref c, ref d);
                Add(p + 2 * WideLane.Width, ref e, ref f);
                Add(p + 3 * WideLane.Width, ref g, ref h);
            }
            Store(sums, a, b);
            Store(sums + WideLane.Width, c, d);
            Store(sums + 2 * WideLane.Width, e, f);
            Store(sums + 3 * WideLane.Width, g, h);
            return;
        }
        for (; column <= width - WideLane.Width; column += WideLane.Width)
        {
            Vector256<double> a = default, b = default;
            for (long r = 0; r < rows; r++) Add(x + r * stride + column, ref a, ref b);
            Store(sums + column, a, b);
        }
        for (; column < width; column++)
        {
            double sum = 0;
            for (long r = 0; r < rows; r++) sum += TFormula.Term<FloatLane>(x[r * stride + column]);
            sums[column] = sum;
        }
    }

    [MethodImpl(Inline)]
    private static void Add(float* x, ref Vector256<double> low, ref Vector256<double> high)
    {
        var (lower, upper) = Vector256.Widen(TFormula.Term(WideLane.Load(x)).Value);
        low += lower;
        high += upper;
    }

    [MethodImpl(Inline)]
    private static void Store(double* sums, Vector256<double> low, Vector256<double> high)
    {
        low.Store(sums);
        high.Store(sums + Vector256<double>.Count);
    }
}
