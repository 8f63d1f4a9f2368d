using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

public static unsafe partial class MaxPool2d
{
    private static void ForwardSimd(CpuDevice device, MaxPool2dArgs a) =>
        device.For(checked(a.Batch * a.Rows.Out), i =>
        {
            int n = i / a.Rows.Out, oh = i % a.Rows.Out;
            var image = a.X.F32 + (nint)n * a.Rows.In * a.Columns.In * a.Channels;
            for (var ow = 0; ow < a.Columns.Out; ow++)
            {
                var at = ((nint)i * a.Columns.Out + ow) * a.Channels;
                MaximumOf(image, a, oh, ow, a.Y.F32 + at, a.Index.As<int>() + at);
            }
        });

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MaximumOf(float* image, in MaxPool2dArgs a, int oh, int ow, float* y, int* index)
    {
        int top = a.Rows.Start(oh), bottom = a.Rows.End(oh), left = a.Columns.Start(ow), right = a.Columns.End(ow);
        nint channels = a.Channels;
        var c = 0;
        for (; c + 8 <= channels; c += 8)
        {
            var place = Vector256.Create(top * a.Columns.In + left);
            var best = Vector256.Create(float.NegativeInfinity);
            for (var h = top; h < bottom; h++)
            {
                for (var w = left; w < right; w++)
                {
                    var pixel = h * a.Columns.In + w;
                    var value = Vector256.Load(image + pixel * channels + c);
                    var better = Vector256.GreaterThan(value, best) | ~Vector256.Equals(value, value);
                    best = Vector256.ConditionalSelect(better, value, best);
                    place = Vector256.ConditionalSelect(better.AsInt32(), Vector256.Create(pixel), place);
                }
            }
            best.Store(y + c);
            place.Store(index + c);
        }
        for (; c < channels; c++)
        {
            var place = top * a.Columns.In + left;
            var best = float.NegativeInfinity;
            for (var h = top; h < bottom; h++)
            {
                for (var w = left; w < right; w++)
                {
                    var value = image[(h * a.Columns.In + w) * channels + c];
                    if (value > best || float.IsNaN(value)) (best, place) = (value, h * a.Columns.In + w);
                }
            }
            (y[c], index[c]) = (best, place);
        }
    }

    // A pixel collects from the windows that cover it, in their order: no two tasks write to one place.
    private static void BackwardSimd(CpuDevice device, MaxPool2dArgs a) =>
        device.For(checked(a.Batch * a.Rows.In), i =>
        {
            int n = i / a.Rows.In, h = i % a.Rows.In;
            var dx = a.X.F32 + (nint)i * a.Columns.In * a.Channels;
            new Span<float>(dx, checked(a.Columns.In * a.Channels)).Clear();
            for (var oh = a.Rows.FirstWindow(h); oh < a.Rows.EndWindow(h); oh++)
            {
                for (var w = 0; w < a.Columns.In; w++)
                {
                    for (var ow = a.Columns.FirstWindow(w); ow < a.Columns.EndWindow(w); ow++)
                    {
                        var at = (((nint)n * a.Rows.Out + oh) * a.Columns.Out + ow) * a.Channels;
                        AddWhereChosen(a.Y.F32 + at, a.Index.As<int>() + at, h * a.Columns.In + w, a.Channels,
                            dx + (nint)w * a.Channels);
                    }
                }
            }
        });

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddWhereChosen(float* dy, int* index, int pixel, int channels, float* dx)
    {
        var c = 0;
        for (; c + 8 <= channels; c += 8)
        {
            var chosen = Vector256.Equals(Vector256.Load(index + c), Vector256.Create(pixel)).AsSingle();
            (Vector256.Load(dx + c) + (Vector256.Load(dy + c) & chosen)).Store(dx + c);
        }
        for (; c < channels; c++) if (index[c] == pixel) dx[c] += dy[c];
    }
}
