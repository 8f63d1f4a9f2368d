using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU, too, everything is added up in double precision. A row (Inner = 1) has a block to itself; of
/// columns (Inner &gt; 1) a thread has one. A long axis is cut into segments whose sums are added first to last.
/// </remarks>
public static unsafe partial class Fold<TFormula>
{
    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        private const long SegmentLength = 4096;

        private static readonly GpuKernel rows = new(RowSegments, GpuBlock.Threads);
        private static readonly GpuKernel columns = new(ColumnSegments), ends = new(Ends);

        public static void Run(GpuDevice device, FoldArgs args)
        {
            var results = args.Outer * args.Inner;
            if (results == 0) return;
            var segments = Math.Max(1, (args.Length + SegmentLength - 1) / SegmentLength);
            using var scratch = new Scratch(device, results * segments * sizeof(double));
            var partial = scratch.F64;
            if (args.Inner == 1)
                rows.Launch(device, args.Outer * segments, new GpuArguments().Put<T>(args.X)
                    .Put(partial, results * segments).Put(args.Length).Put(segments));
            else
                columns.LaunchFor(device, results * segments, new GpuArguments().Put<T>(args.X)
                    .Put(partial, results * segments).Put(args.Length).Put(args.Inner).Put(segments));
            ends.LaunchFor(device, results, new GpuArguments().Put(partial, results * segments).Put<T>(args.Y)
                .Put(args.Inner).Put(segments).Put(args.Scale));
        }

        // partial[o, segment]
        private static void RowSegments(ArrayView<T> x, ArrayView<double> partial, long length, long segments)
        {
            long item = Grid.IdxX, o = item / segments, first = (item - o * segments) * SegmentLength;
            var last = first + SegmentLength < length ? first + SegmentLength : length;
            double sum = 0;
            for (var n = first + Group.IdxX; n < last; n += GpuBlock.Threads)
                sum += TFormula.Term<GpuLane>(TNumber.ToSingle(x[o * length + n]));
            sum = GpuBlock.Sum(sum);
            if (Group.IdxX == 0) partial[item] = sum;
        }

        // partial[o, segment, i]
        private static void ColumnSegments(
            ArrayView<T> x, ArrayView<double> partial, long length, long inner, long segments)
        {
            var item = GpuThread.Index;
            if (item >= partial.Length) return;
            long slab = item / inner, i = item - slab * inner, o = slab / segments;
            var first = (slab - o * segments) * SegmentLength;
            var last = first + SegmentLength < length ? first + SegmentLength : length;
            double sum = 0;
            for (var n = first; n < last; n++)
                sum += TFormula.Term<GpuLane>(TNumber.ToSingle(x[(o * length + n) * inner + i]));
            partial[item] = sum;
        }

        private static void Ends(ArrayView<double> partial, ArrayView<T> y, long inner, long segments, double scale)
        {
            var result = GpuThread.Index;
            if (result >= y.Length) return;
            long o = result / inner, i = result - o * inner;
            double sum = 0;
            for (long s = 0; s < segments; s++) sum += partial[(o * segments + s) * inner + i];
            y[result] = TNumber.FromSingle((float)(TFormula.FinishOnGpu(sum) * scale));
        }
    }
}
