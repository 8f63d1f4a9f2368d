using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class ResizeBilinear
{
    private static void ForwardSimd(CpuDevice device, ResizeBilinearArgs a)
    {
        using var memory = new Scratch(device, (a.Columns.Out + 1L) * sizeof(Tap));
        var taps = Taps(a.Columns, memory.As<Tap>());
        device.For(checked(a.Batch * a.Rows.Out), i =>
        {
            int n = i / a.Rows.Out, oh = i % a.Rows.Out;
            var (h, next) = a.Rows.Source(oh);
            nint row = (nint)a.Columns.In * a.Channels;
            var upper = a.X.F32 + ((nint)n * a.Rows.In + h) * row;
            var lower = next > 0 ? upper + row : upper;
            var y = a.Y.F32 + (nint)i * a.Columns.Out * a.Channels;
            for (var ow = 0; ow < a.Columns.Out; ow++, y += a.Channels)
            {
                var at = (nint)taps[ow].Pixel * a.Channels;
                Blend(upper + at, lower + at, taps[ow].Next > 0 ? a.Channels : 0, (float)next, taps[ow].Next,
                    a.Channels, y);
            }
        });
    }

    // An input pixel collects from the outputs that read it, in their order: no two tasks write to one place.
    private static void BackwardSimd(CpuDevice device, ResizeBilinearArgs a)
    {
        using var memory = new Scratch(device, (a.Rows.Out + a.Columns.Out + 2L) * sizeof(Tap));
        var rows = Taps(a.Rows, memory.As<Tap>());
        var columns = Taps(a.Columns, memory.As<Tap>() + a.Rows.Out + 1);
        device.For(checked(a.Batch * a.Rows.In), i =>
        {
            int n = i / a.Rows.In, h = i % a.Rows.In;
            var dx = a.X.F32 + (nint)i * a.Columns.In * a.Channels;
            new Span<float>(dx, checked(a.Columns.In * a.Channels)).Clear();
            for (var oh = First(rows, a.Rows.Out, h); rows[oh].Pixel <= h; oh++)
            {
                var vertical = rows[oh].WeightOf(h);
                var dy = a.Y.F32 + ((nint)n * a.Rows.Out + oh) * a.Columns.Out * a.Channels;
                for (var ow = 0; ow < a.Columns.Out; ow++, dy += a.Channels)
                {
                    var (pixel, right) = (columns[ow].Pixel, columns[ow].Next);
                    var to = dx + (nint)pixel * a.Channels;
                    PixelRows.AddScaled(dy, vertical * (1 - right), a.Channels, to);
                    if (right > 0) PixelRows.AddScaled(dy, vertical * right, a.Channels, to + a.Channels);
                }
            }
        });
    }

    private readonly record struct Tap(int Pixel, float Next)
    {
        public float WeightOf(int pixel) => pixel == Pixel ? 1 - Next : Next;
    }

    // Ends with a tap beyond every pixel.
    private static Tap* Taps(ResizeAxis axis, Tap* taps)
    {
        for (var i = 0; i < axis.Out; i++)
        {
            var (pixel, next) = axis.Source(i);
            taps[i] = new Tap(pixel, (float)next);
        }
        taps[axis.Out] = new Tap(int.MaxValue, 0);
        return taps;
    }

    // The first output that reads a pixel: positions rise with the outputs.
    private static int First(Tap* taps, int count, int pixel)
    {
        int low = 0, high = count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (taps[middle].Pixel < pixel - 1) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Blend(
        float* upper, float* lower, nint right, float down, float aside, int channels, float* y)
    {
        var c = 0;
        for (; c + 8 <= channels; c += 8) BlendLane<WideLane>(upper + c, lower + c, right, down, aside, y + c);
        for (; c < channels; c++) BlendLane<FloatLane>(upper + c, lower + c, right, down, aside, y + c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BlendLane<T>(float* upper, float* lower, nint right, float down, float aside, float* y)
        where T : unmanaged, ILane<T>, ILaneMemory<T, float>
    {
        var top = T.MultiplyAdd(T.Load(upper + right), T.Of(aside), T.Load(upper) * T.Of(1 - aside));
        var bottom = T.MultiplyAdd(T.Load(lower + right), T.Of(aside), T.Load(lower) * T.Of(1 - aside));
        T.Store(y, T.MultiplyAdd(bottom, T.Of(down), top * T.Of(1 - down)));
    }
}
