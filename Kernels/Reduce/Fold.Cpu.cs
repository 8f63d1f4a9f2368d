using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <remarks>Two layouts. A row (Inner = 1) is cut into blocks of <see cref="Block"/> numbers, which 32 float
/// accumulators take in; columns (Inner &gt; 1) go down in strips of up to 32 side by side, <see cref="Depth"/> rows at a
/// time. So no float accumulator takes in more than 64 numbers. What blocks give is merged in double precision, first to
/// last, within segments that threads share out, and segments are merged first to last in the end.</remarks>
public static unsafe partial class Fold<TFormula>
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;
    private const int Block = 2048;
    private const int Depth = 64;
    private const int Strip = 32;

    private static void Simd(CpuDevice device, FoldArgs args)
    {
        if (args.Outer == 0 || args.Inner == 0) return;
        // A segment is whole blocks; a long fold has several, so that threads can share even a single result.
        var unit = args.Inner == 1 ? Block : Depth;
        var perSegment = Math.Max(unit, Chunks.Size / args.Inner / unit * unit);
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
                var from = partial + (o * segments * args.Inner) + column;
                var whole = new DoubleLane(*from);
                for (long s = 1; s < segments; s++) whole = TFormula.Merge<DoubleLane>(whole, from[s * args.Inner]);
                args.Y.F32[i] = (float)(TFormula.Finish(whole) * args.Scale);
            }
        });
    }

    // Items are (slab, segment, strip), the strip fastest. Their results go to partial, or to y when there is none.
    private static void Segments(CpuDevice device, FoldArgs args, long segments, long perSegment, double* partial)
    {
        var strips = (args.Inner + Strip - 1) / Strip;
        var cost = Math.Max(1, Math.Min(perSegment, args.Length) * Math.Min(Strip, args.Inner));
        device.ForChunks(args.Outer * segments * strips, Chunks.Size / cost, (first, last) =>
        {
            var whole = stackalloc double[Strip];
            for (var item = first; item < last; item++)
            {
                var (slab, strip) = Math.DivRem(item, strips);
                var (o, segment) = Math.DivRem(slab, segments);
                var start = segment * perSegment;
                var count = Math.Min(perSegment, args.Length - start);
                var column = strip * Strip;
                var width = (int)Math.Min(Strip, args.Inner - column);
                var x = args.X.F32 + (((o * args.Length) + start) * args.Inner) + column;
                if (args.Inner == 1) *whole = Row(x, count);
                else Columns(x, count, args.Inner, width, whole);
                var at = (slab * args.Inner) + column;
                for (var i = 0; i < width; i++)
                    if (partial is not null) partial[at + i] = whole[i];
                    else args.Y.F32[at + i] = (float)(TFormula.Finish(whole[i]) * args.Scale);
            }
        });
    }

    [MethodImpl(Hot)]
    private static double Row(float* x, long count)
    {
        var whole = DoubleLane.Of(TFormula.Start);
        var lanes = stackalloc float[WideLane.Width];
        for (long at = 0; at < count; at += Block)
        {
            var end = Math.Min(count, at + Block);
            WideLane a, b, c, d;
            a = b = c = d = WideLane.Of(TFormula.Start);
            var i = at;
            for (; i <= end - (4 * WideLane.Width); i += 4 * WideLane.Width)
            {
                a = TFormula.Step(a, WideLane.Load(x + i));
                b = TFormula.Step(b, WideLane.Load(x + i + WideLane.Width));
                c = TFormula.Step(c, WideLane.Load(x + i + (2 * WideLane.Width)));
                d = TFormula.Step(d, WideLane.Load(x + i + (3 * WideLane.Width)));
            }
            for (; i <= end - WideLane.Width; i += WideLane.Width) a = TFormula.Step(a, WideLane.Load(x + i));
            WideLane.Store(lanes, TFormula.Merge(TFormula.Merge(a, b), TFormula.Merge(c, d)));
            for (var lane = 0; lane < WideLane.Width; lane++) whole = TFormula.Merge<DoubleLane>(whole, lanes[lane]);
            for (; i < end; i++) whole = TFormula.Step<DoubleLane>(whole, x[i]);
        }
        return whole;
    }

    [MethodImpl(Hot)]
    private static void Columns(float* x, long count, long stride, int width, double* whole)
    {
        var block = stackalloc float[Strip];
        for (var i = 0; i < width; i++) whole[i] = TFormula.Start;
        for (long at = 0; at < count; at += Depth)
        {
            var rows = Math.Min(Depth, count - at);
            Depths(x + (at * stride), rows, stride, width, block);
            for (var i = 0; i < width; i++) whole[i] = TFormula.Merge<DoubleLane>(whole[i], block[i]);
        }
    }

    // Up to 64 rows of up to 32 columns: four accumulators side by side, then one, then single columns.
    [MethodImpl(Hot)]
    private static void Depths(float* x, long rows, long stride, int width, float* block)
    {
        var column = 0;
        if (width == Strip)
        {
            WideLane a, b, c, d;
            a = b = c = d = WideLane.Of(TFormula.Start);
            for (long r = 0; r < rows; r++)
            {
                var p = x + (r * stride);
                a = TFormula.Step(a, WideLane.Load(p));
                b = TFormula.Step(b, WideLane.Load(p + WideLane.Width));
                c = TFormula.Step(c, WideLane.Load(p + (2 * WideLane.Width)));
                d = TFormula.Step(d, WideLane.Load(p + (3 * WideLane.Width)));
            }
            WideLane.Store(block, a);
            WideLane.Store(block + WideLane.Width, b);
            WideLane.Store(block + (2 * WideLane.Width), c);
            WideLane.Store(block + (3 * WideLane.Width), d);
            return;
        }
        for (; column <= width - WideLane.Width; column += WideLane.Width)
        {
            var a = WideLane.Of(TFormula.Start);
            for (long r = 0; r < rows; r++) a = TFormula.Step(a, WideLane.Load(x + (r * stride) + column));
            WideLane.Store(block + column, a);
        }
        for (; column < width; column++)
        {
            var a = FloatLane.Of(TFormula.Start);
            for (long r = 0; r < rows; r++) a = TFormula.Step<FloatLane>(a, x[(r * stride) + column]);
            block[column] = a;
        }
    }
}
