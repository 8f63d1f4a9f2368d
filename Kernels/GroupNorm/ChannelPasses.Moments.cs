using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

internal static unsafe partial class ChannelPasses
{
    /// <summary>Mean and biased variance of every sample and group, [batch, groups, 2] doubles. Sums are taken about
    /// the first pixel of a block, so that a mean far from zero costs no digits (Chan, Golub and LeVeque 1983, for
    /// putting blocks together).</summary>
    public static void Moments(
        CpuDevice device, float* x, double* moments, int batch, int pixels, int channels, int groups)
    {
        int blocks = Blocks(pixels, channels), rows = BlockPixels(channels);
        using var scratch = new Scratch(device, (long)batch * blocks * groups * 2 * sizeof(double));
        var parts = scratch.F64;
        device.For(batch * blocks, i =>
        {
            int n = i / blocks, first = i % blocks * rows;
            BlockMoments(device, x + ((nint)n * pixels + first) * channels, Math.Min(rows, pixels - first), channels,
                groups, parts + (nint)i * groups * 2);
        });
        var width = channels / groups;
        for (var n = 0; n < batch; n++)
            for (var g = 0; g < groups; g++)
                Merge(parts + ((nint)n * blocks * groups + g) * 2, blocks, groups * 2, rows, pixels, width,
                    moments + ((nint)n * groups + g) * 2);
    }

    // A part is the mean and the sum of squared deviations of one group in one block.
    private static void Merge(double* parts, int blocks, int step, int rows, int pixels, int width, double* moments)
    {
        double mean = 0, squares = 0, total = (double)pixels * width;
        for (var b = 0; b < blocks; b++) mean += parts[(nint)b * step] * Count(b);
        mean /= total;
        for (var b = 0; b < blocks; b++)
        {
            var distance = parts[(nint)b * step] - mean;
            squares += parts[(nint)b * step + 1] + distance * distance * Count(b);
        }
        moments[0] = mean;
        moments[1] = squares / total;

        double Count(int block) => (double)Math.Min(rows, pixels - block * rows) * width;
    }

    private static void BlockMoments(CpuDevice device, float* x, int rows, int channels, int groups, double* part)
    {
        using var scratch = new Scratch(device, 3L * channels * sizeof(float));
        float* pivot = scratch.F32, sums = pivot + channels, squares = sums + channels;
        new Span<float>(x, channels).CopyTo(new Span<float>(pivot, channels));
        new Span<float>(sums, 2 * channels).Clear();
        Accumulate(x, rows, channels, pivot, sums, squares);
        var width = channels / groups;
        var each = 1.0 / rows;
        for (var g = 0; g < groups; g++, pivot += width, sums += width, squares += width)
        {
            double mean = 0, spread = 0;
            for (var c = 0; c < width; c++) mean += pivot[c] + sums[c] * each;
            mean /= width;
            for (var c = 0; c < width; c++)
            {
                var offset = sums[c] * each;
                var distance = pivot[c] + offset - mean;
                spread += squares[c] - sums[c] * offset + rows * distance * distance;
            }
            part[2 * g] = mean;
            part[2 * g + 1] = Math.Max(0, spread);
        }
    }

    // Along the pixels as they lie in memory: several rows at once would halve the arithmetic, and take longer, because
    // memory is fastest when it is read in one stream.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Accumulate(float* x, int rows, int channels, float* pivot, float* sums, float* squares)
    {
        var whole = channels & -Lanes;
        for (var r = 0; r < rows; r++, x += channels)
        {
            var c = 0;
            for (; c < whole; c += Lanes) Add<WideLane>(x + c, pivot + c, sums + c, squares + c);
            for (; c < channels; c++) Add<FloatLane>(x + c, pivot + c, sums + c, squares + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<T>(float* x, float* pivot, float* sums, float* squares)
        where T : unmanaged, ILane<T>, ILaneMemory<T, float>
    {
        var distance = T.Load(x) - T.Load(pivot);
        T.Store(sums, T.Load(sums) + distance);
        T.Store(squares, T.MultiplyAdd(distance, distance, T.Load(squares)));
    }
}
