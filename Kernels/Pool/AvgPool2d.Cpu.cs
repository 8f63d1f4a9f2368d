using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class AvgPool2d
{
    private static void ForwardSimd(CpuDevice device, AvgPool2dArgs a) =>
        device.For(checked(a.Batch * a.Rows.Out), i =>
        {
            int n = i / a.Rows.Out, oh = i % a.Rows.Out;
            nint row = (nint)a.Columns.In * a.Channels;
            var image = a.X.F32 + n * a.Rows.In * row;
            for (var ow = 0; ow < a.Columns.Out; ow++)
            {
                var factor = 1f / ((float)a.Rows.Divisor(oh) * a.Columns.Divisor(ow));
                var first = image + a.Rows.Start(oh) * row + (nint)a.Columns.Start(ow) * a.Channels;
                MeanOf(first, row, a.Rows.End(oh) - a.Rows.Start(oh), a.Columns.End(ow) - a.Columns.Start(ow),
                    a.Channels, factor, a.Y.F32 + ((nint)i * a.Columns.Out + ow) * a.Channels);
            }
        });

    private static void BackwardSimd(CpuDevice device, AvgPool2dArgs a) =>
        device.For(checked(a.Batch * a.Rows.In), i =>
        {
            int n = i / a.Rows.In, h = i % a.Rows.In;
            var dx = a.X.F32 + (nint)i * a.Columns.In * a.Channels;
            new Span<float>(dx, checked(a.Columns.In * a.Channels)).Clear();
            for (var oh = a.Rows.FirstWindow(h); oh < a.Rows.EndWindow(h); oh++)
            {
                var dy = a.Y.F32 + ((nint)n * a.Rows.Out + oh) * a.Columns.Out * a.Channels;
                for (var w = 0; w < a.Columns.In; w++)
                    for (var ow = a.Columns.FirstWindow(w); ow < a.Columns.EndWindow(w); ow++)
                        PixelRows.AddScaled(dy + (nint)ow * a.Channels,
                            1f / ((float)a.Rows.Divisor(oh) * a.Columns.Divisor(ow)),
                            a.Channels, dx + (nint)w * a.Channels);
            }
        });

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MeanOf(
        float* x, nint row, int height, int width, int channels, float factor, float* y)
    {
        var c = 0;
        for (; c + 8 <= channels; c += 8) MeanLane<WideLane>(x + c, row, height, width, channels, factor, y + c);
        for (; c < channels; c++) MeanLane<FloatLane>(x + c, row, height, width, channels, factor, y + c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MeanLane<T>(float* x, nint row, int height, int width, nint channels, float factor, float* y)
        where T : unmanaged, ILane<T>, ILaneMemory<T, float>
    {
        var sum = T.Of(0);
        for (var h = 0; h < height; h++)
        {
            var pixel = x + h * row;
            for (var w = 0; w < width; w++, pixel += channels) sum += T.Load(pixel);
        }
        T.Store(y, sum * T.Of(factor));
    }
}
