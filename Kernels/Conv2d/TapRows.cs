using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>A convolution's left operand: row (n, i, j) holds the channels of every pixel that output (n, i, j) sees,
/// [taps][channels], zeros outside of the image. It exists a block at a time only.</summary>
/// <param name="images">First channel of the group in the first pixel.</param>
/// <param name="size">Height and width of the images.</param>
/// <param name="pixelStride">Floats between pixels.</param>
/// <param name="channels">Channels of the group.</param>
/// <param name="grid">Positions (i, j) of one image.</param>
/// <param name="taps">Which pixels each position sees.</param>
internal readonly unsafe struct TapRows(
    float* images, Pair size, int pixelStride, int channels, Pair grid, TapSet taps) : ILeft
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Load(long row, int rows, int k, int depth, float* block, nint stride)
    {
        var (line, j) = ((int)(row / grid.W), (int)(row % grid.W));
        var (n, i) = (line / grid.H, line % grid.H);
        for (var r = 0; r < rows; r++, block += stride)
        {
            var image = images + (nint)n * size.H * size.W * pixelStride;
            LoadRow(image, i * taps.Step.H, j * taps.Step.W, k, depth, block);
            if (++j < grid.W) continue;
            j = 0;
            if (++i < grid.H) continue;
            i = 0;
            n++;
        }
    }

    // Inlined, so that it is optimised at its first call.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LoadRow(float* image, int y, int x, int k, int depth, float* to)
    {
        foreach (var run in taps.Runs)
        {
            // The part of this run that lies in [k, k + depth), as floats from the run's start.
            var start = run.First * channels;
            var from = Math.Max(k - start, 0);
            var end = Math.Min(k + depth - start, run.Count * channels);
            if (from >= end) continue;
            var dst = to + (start + from - k);
            int py = y + run.OffsetY, px = x + run.OffsetX;
            // The part that lies inside the image.
            var inside = (uint)py < (uint)size.H ? Math.Clamp(-px, 0, run.Count) * channels : end;
            var outside = Math.Clamp(size.W - px, 0, run.Count) * channels;
            inside = Math.Clamp(inside, from, end);
            outside = Math.Clamp(outside, inside, end);
            Clear(dst, inside - from);
            if (outside > inside)
                Copy(dst + (inside - from), image + ((nint)py * size.W + px) * pixelStride + inside, outside - inside);
            Clear(dst + (outside - from), end - outside);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear(float* to, int count)
    {
        var i = 0;
        for (; i + 8 <= count; i += 8) Vector256<float>.Zero.Store(to + i);
        for (; i < count; i++) to[i] = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* to, float* from, int count)
    {
        var i = 0;
        for (; i + 8 <= count; i += 8) Vector256.Load(from + i).Store(to + i);
        for (; i < count; i++) to[i] = from[i];
    }
}
