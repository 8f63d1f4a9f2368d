using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class ResizeBilinear
{
    private static void ForwardReference(CpuDevice device, ResizeBilinearArgs a) => device.For(a.Batch, n =>
    {
        foreach (var (oh, ow, h, w, weight) in Terms(a))
            for (var c = 0; c < a.Channels; c++) *Output(a, n, oh, ow, c) = 0;
        foreach (var (oh, ow, h, w, weight) in Terms(a))
            for (var c = 0; c < a.Channels; c++) *Output(a, n, oh, ow, c) += weight * *Input(a, n, h, w, c);
    });

    private static void BackwardReference(CpuDevice device, ResizeBilinearArgs a) => device.For(a.Batch, n =>
    {
        for (var h = 0; h < a.Rows.In; h++)
            for (var w = 0; w < a.Columns.In; w++)
                for (var c = 0; c < a.Channels; c++) *Input(a, n, h, w, c) = 0;
        foreach (var (oh, ow, h, w, weight) in Terms(a))
            for (var c = 0; c < a.Channels; c++) *Input(a, n, h, w, c) += weight * *Output(a, n, oh, ow, c);
    });

    // Every product of the interpolation: output pixel, input pixel, weight.
    private static IEnumerable<(int OutH, int OutW, int H, int W, double Weight)> Terms(ResizeBilinearArgs a)
    {
        for (var oh = 0; oh < a.Rows.Out; oh++)
        {
            var (h, nextH) = a.Rows.Source(oh);
            for (var ow = 0; ow < a.Columns.Out; ow++)
            {
                var (w, nextW) = a.Columns.Source(ow);
                yield return (oh, ow, h, w, (1 - nextH) * (1 - nextW));
                if (nextW > 0) yield return (oh, ow, h, w + 1, (1 - nextH) * nextW);
                if (nextH > 0) yield return (oh, ow, h + 1, w, nextH * (1 - nextW));
                if (nextH > 0 && nextW > 0) yield return (oh, ow, h + 1, w + 1, nextH * nextW);
            }
        }
    }

    private static double* Input(in ResizeBilinearArgs a, int n, int h, int w, int c) =>
        a.X.F64 + (((long)n * a.Rows.In + h) * a.Columns.In + w) * a.Channels + c;

    private static double* Output(in ResizeBilinearArgs a, int n, int h, int w, int c) =>
        a.Y.F64 + (((long)n * a.Rows.Out + h) * a.Columns.Out + w) * a.Channels + c;
}
