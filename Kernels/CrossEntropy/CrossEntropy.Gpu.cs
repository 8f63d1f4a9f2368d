using Diffract.Engine;
using ILGPU;

namespace Diffract.Kernels;

/// <remarks>On a GPU a block has a row to itself; one block adds up the rows' losses, or counts the rows, each thread
/// its own rows first.</remarks>
public static unsafe partial class CrossEntropy
{
    private static class Gpu<T, TNumber> where T : unmanaged where TNumber : struct, IGpuFloat<T>
    {
        private static readonly GpuKernel rowLoss = new(RowLoss, GpuBlock.Threads);
        private static readonly GpuKernel total = new(Total, GpuBlock.Threads);
        private static readonly GpuKernel rowGradient = new(RowGradient, GpuBlock.Threads);

        public static void Forward(GpuDevice device, CrossEntropyArgs a)
        {
            using var scratch = new Scratch(device, a.Rows * sizeof(double));
            rowLoss.Launch(device, a.Rows, new GpuArguments().Put<T>(a.Logits).Put<long>(a.Labels)
                .Put<float>(a.Statistics).Put(scratch.F64, a.Rows).Put(a.Classes).Put(a.Ignore));
            var blocks = a.Reduction == Reduction.None ? (a.Rows + GpuBlock.Threads - 1) / GpuBlock.Threads : 1;
            total.Launch(device, Math.Max(1, blocks), new GpuArguments().Put(scratch.F64, a.Rows).Put<long>(a.Labels)
                .Put<float>(a.Loss).Put(a.Ignore).Put((int)a.Reduction));
        }

        public static void Backward(GpuDevice device, CrossEntropyBackwardArgs b)
        {
            var a = b.Forward;
            rowGradient.Launch(device, a.Rows, new GpuArguments().Put<T>(a.Logits).Put<long>(a.Labels)
                .Put<float>(a.Statistics).Put<float>(b.DLoss).Put<T>(b.DLogits).Put(a.Rows).Put(a.Classes)
                .Put(a.Ignore).Put((int)a.Reduction));
        }

        private static void RowLoss(ArrayView<T> logits, ArrayView<long> labels, ArrayView<float> statistics,
            ArrayView<double> losses, int classes, long ignore)
        {
            long r = Grid.IdxX, row = r * classes;
            var top = GpuRows<T, TNumber>.Max(logits, row, classes);
            var log = GpuLane.Log(GpuRows<T, TNumber>.SumOfExp(logits, row, classes, top)).Value;
            if (Group.IdxX != 0) return;
            statistics[2 * r] = top;
            statistics[2 * r + 1] = log;
            var label = labels[r];
            losses[r] = label == ignore ? 0 : (double)(top - TNumber.ToSingle(logits[row + label])) + log;
        }

        private static void Total(ArrayView<double> losses, ArrayView<long> labels, ArrayView<float> loss, long ignore,
            int reduction)
        {
            if (reduction == (int)Reduction.None)
            {
                var r = GpuThread.Index;
                if (r < losses.Length) loss[r] = (float)losses[r];
                return;
            }
            double sum = 0, count = 0;
            for (long r = Group.IdxX; r < losses.Length; r += GpuBlock.Threads)
            {
                sum += losses[r];
                if (labels[r] != ignore) count++;
            }
            sum = GpuBlock.Sum(sum);
            count = GpuBlock.Sum(count);
            if (Group.IdxX == 0) loss[0] = (float)(reduction == (int)Reduction.Mean ? sum / count : sum);
        }

        // Every block counts the rows for itself: there are few, and no launch has to wait for another.
        private static void RowGradient(ArrayView<T> logits, ArrayView<long> labels, ArrayView<float> statistics,
            ArrayView<float> dLoss, ArrayView<T> dLogits, long rows, int classes, long ignore, int reduction)
        {
            long own = Grid.IdxX, row = own * classes;
            double count = 0;
            for (long r = Group.IdxX; r < rows; r += GpuBlock.Threads) if (labels[r] != ignore) count++;
            count = GpuBlock.Sum(count);
            var scale = reduction == (int)Reduction.None ? dLoss[own] : dLoss[0];
            if (reduction == (int)Reduction.Mean) scale = (float)(scale / count);
            var label = labels[own];
            for (var c = Group.IdxX; c < classes; c += GpuBlock.Threads)
            {
                var softmax = GpuLane.Exp(
                    TNumber.ToSingle(logits[row + c]) - statistics[2 * own] - statistics[2 * own + 1]).Value;
                dLogits[row + c] = TNumber.FromSingle(
                    label == ignore ? 0 : (softmax - (c == label ? 1f : 0f)) * scale);
            }
        }
    }
}
