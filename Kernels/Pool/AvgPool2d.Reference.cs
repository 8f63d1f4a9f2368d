using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class AvgPool2d
{
    private static void ForwardReference(CpuDevice device, AvgPool2dArgs a) => device.For(a.Batch, n =>
    {
        for (var oh = 0; oh < a.Rows.Out; oh++)
        {
            for (var ow = 0; ow < a.Columns.Out; ow++)
            {
                for (var c = 0; c < a.Channels; c++)
                {
                    var sum = 0.0;
                    for (var h = a.Rows.Start(oh); h < a.Rows.End(oh); h++)
                        for (var w = a.Columns.Start(ow); w < a.Columns.End(ow); w++) sum += *Input(a, n, h, w, c);
                    *Output(a, n, oh, ow, c) = sum / (a.Rows.Divisor(oh) * a.Columns.Divisor(ow));
                }
            }
        }
    });

    private static void BackwardReference(CpuDevice device, AvgPool2dArgs a) => device.For(a.Batch, n =>
    {
        for (var h = 0; h < a.Rows.In; h++)
            for (var w = 0; w < a.Columns.In; w++)
                for (var c = 0; c < a.Channels; c++) *Input(a, n, h, w, c) = 0;
        for (var oh = 0; oh < a.Rows.Out; oh++)
            for (var ow = 0; ow < a.Columns.Out; ow++)
                for (var h = a.Rows.Start(oh); h < a.Rows.End(oh); h++)
                    for (var w = a.Columns.Start(ow); w < a.Columns.End(ow); w++)
                        for (var c = 0; c < a.Channels; c++)
                            *Input(a, n, h, w, c) += *Output(a, n, oh, ow, c)
                                / (a.Rows.Divisor(oh) * a.Columns.Divisor(ow));
    });

    private static double* Input(in AvgPool2dArgs a, int n, int h, int w, int c) =>
        a.X.F64 + (((long)n * a.Rows.In + h) * a.Columns.In + w) * a.Channels + c;

    private static double* Output(in AvgPool2dArgs a, int n, int h, int w, int c) =>
        a.Y.F64 + (((long)n * a.Rows.Out + h) * a.Columns.Out + w) * a.Channels + c;
}
