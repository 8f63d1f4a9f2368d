using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class MaxPool2d
{
    private static void ForwardReference(CpuDevice device, MaxPool2dArgs a) => device.For(a.Batch, n =>
    {
        for (var oh = 0; oh < a.Rows.Out; oh++)
        {
            for (var ow = 0; ow < a.Columns.Out; ow++)
            {
                for (var c = 0; c < a.Channels; c++)
                {
                    var best = a.Rows.Start(oh) * a.Columns.In + a.Columns.Start(ow);
                    for (var h = a.Rows.Start(oh); h < a.Rows.End(oh); h++)
                    {
                        for (var w = a.Columns.Start(ow); w < a.Columns.End(ow); w++)
                        {
                            var pixel = h * a.Columns.In + w;
                            var value = *Input(a, n, pixel, c);
                            if (value > *Input(a, n, best, c) || double.IsNaN(value)) best = pixel;
                        }
                    }
                    var at = Output(a, n, oh, ow, c);
                    a.Y.F64[at] = *Input(a, n, best, c);
                    a.Index.As<int>()[at] = best;
                }
            }
        }
    });

    private static void BackwardReference(CpuDevice device, MaxPool2dArgs a) => device.For(a.Batch, n =>
    {
        for (var pixel = 0; pixel < a.Rows.In * a.Columns.In; pixel++)
            for (var c = 0; c < a.Channels; c++) *Input(a, n, pixel, c) = 0;
        for (var oh = 0; oh < a.Rows.Out; oh++)
        {
            for (var ow = 0; ow < a.Columns.Out; ow++)
            {
                for (var c = 0; c < a.Channels; c++)
                {
                    var at = Output(a, n, oh, ow, c);
                    *Input(a, n, a.Index.As<int>()[at], c) += a.Y.F64[at];
                }
            }
        }
    });

    private static double* Input(in MaxPool2dArgs a, int n, int pixel, int c) =>
        a.X.F64 + ((long)n * a.Rows.In * a.Columns.In + pixel) * a.Channels + c;

    private static long Output(in MaxPool2dArgs a, int n, int h, int w, int c) =>
        (((long)n * a.Rows.Out + h) * a.Columns.Out + w) * a.Channels + c;
}
