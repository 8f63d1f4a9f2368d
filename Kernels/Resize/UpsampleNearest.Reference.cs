using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class UpsampleNearest
{
    private static void ForwardReference(CpuDevice device, UpsampleNearestArgs a) => device.For(a.Batch, n =>
    {
        for (var h = 0; h < a.Height * a.Scale; h++)
            for (var w = 0; w < a.Width * a.Scale; w++)
                for (var c = 0; c < a.Channels; c++) *Large(a, n, h, w, c) = *Small(a, n, h / a.Scale, w / a.Scale, c);
    });

    private static void BackwardReference(CpuDevice device, UpsampleNearestArgs a) => device.For(a.Batch, n =>
    {
        for (var h = 0; h < a.Height; h++)
            for (var w = 0; w < a.Width; w++)
                for (var c = 0; c < a.Channels; c++) *Small(a, n, h, w, c) = 0;
        for (var h = 0; h < a.Height * a.Scale; h++)
            for (var w = 0; w < a.Width * a.Scale; w++)
                for (var c = 0; c < a.Channels; c++) *Small(a, n, h / a.Scale, w / a.Scale, c) += *Large(a, n, h, w, c);
    });

    private static double* Small(in UpsampleNearestArgs a, int n, int h, int w, int c) =>
        a.X.F64 + (((long)n * a.Height + h) * a.Width + w) * a.Channels + c;

    private static double* Large(in UpsampleNearestArgs a, int n, int h, int w, int c) =>
        a.Y.F64 + (((long)n * a.Height * a.Scale + h) * a.Width * a.Scale + w) * a.Channels + c;
}
