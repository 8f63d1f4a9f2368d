using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>The weight's gradient of a convolution of every channel by itself: for each tap the sum over pixels of
/// dy * x. Lines of the output are divided into tasks by shape, whose sums are added in pairs.</summary>
internal static unsafe class DepthwiseGradient
{
    private const int MostTasks = 32;

    /// <summary>Overwrites the gradient [channels, 1, kH, kW].</summary>
    public static void Run(CpuDevice device, in Conv2dWeightGradientArgs args)
    {
        var g = args.Geometry;
        var (x, dy, gradient) = (args.X, args.DY, args.DWeight);
        var lines = g.Batch * g.OutHeight;
        var tasks = Math.Clamp(lines, 1, MostTasks);
        var size = (nint)g.Taps * g.Channels;
        using var scratch = new Scratch(device, tasks * size * sizeof(float));
        var partial = scratch.F32;
        device.For(tasks, t =>
        {
            var sums = partial + t * size;
            new Span<float>(sums, (int)size).Clear();
            for (var line = (int)((long)lines * t / tasks); line < (int)((long)lines * (t + 1) / tasks); line++)
                AddLine(g, line, x.F32, dy.F32, sums);
        });
        Vectors.AddTree(partial, size, tasks, size);
        for (var c = 0; c < g.Channels; c++)
            for (var t = 0; t < g.Taps; t++) gradient.F32[c * g.Taps + t] = partial[t * g.Channels + c];
    }

    private static void AddLine(in Conv2dGeometry g, int line, float* x, float* dy, float* sums)
    {
        var (n, i) = (line / g.OutHeight, line % g.OutHeight);
        var outputs = dy + (nint)line * g.OutWidth * g.Channels;
        for (var t = 0; t < g.Taps; t++)
        {
            var row = i * g.Stride.H + t / g.Kernel.W * g.Dilation.H - g.Padding.H;
            if (row < 0 || row >= g.Height) continue;
            // Output columns j whose input column j * stride + shift lies inside.
            var shift = t % g.Kernel.W * g.Dilation.W - g.Padding.W;
            var first = shift >= 0 ? 0 : (-shift + g.Stride.W - 1) / g.Stride.W;
            var last = shift >= g.Width ? -1 : Math.Min(g.OutWidth - 1, (g.Width - 1 - shift) / g.Stride.W);
            if (last < first) continue;
            var inputs = x + (((nint)n * g.Height + row) * g.Width + first * g.Stride.W + shift) * g.Channels;
            AddProducts(inputs, g.Stride.W * g.Channels, outputs + (nint)first * g.Channels, g.Channels,
                last - first + 1, sums + (nint)t * g.Channels);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddProducts(float* x, nint step, float* dy, int channels, int count, float* sums)
    {
        var c = 0;
        // Four sums at once, so that additions need not wait for one another.
        for (; c + 32 <= channels; c += 32)
        {
            Vector256<float> s0, s1, s2, s3;
            s0 = s1 = s2 = s3 = Vector256<float>.Zero;
            float* input = x + c, output = dy + c;
            for (nint j = 0; j < count; j++, input += step, output += channels)
            {
                s0 = Vector256.MultiplyAddEstimate(Vector256.Load(input), Vector256.Load(output), s0);
                s1 = Vector256.MultiplyAddEstimate(Vector256.Load(input + 8), Vector256.Load(output + 8), s1);
                s2 = Vector256.MultiplyAddEstimate(Vector256.Load(input + 16), Vector256.Load(output + 16), s2);
                s3 = Vector256.MultiplyAddEstimate(Vector256.Load(input + 24), Vector256.Load(output + 24), s3);
            }
            (Vector256.Load(sums + c) + s0).Store(sums + c);
            (Vector256.Load(sums + c + 8) + s1).Store(sums + c + 8);
            (Vector256.Load(sums + c + 16) + s2).Store(sums + c + 16);
            (Vector256.Load(sums + c + 24) + s3).Store(sums + c + 24);
        }
        for (; c + 8 <= channels; c += 8)
        {
            var sum = Vector256<float>.Zero;
            for (nint j = 0; j < count; j++)
                sum = Vector256.MultiplyAddEstimate(
                    Vector256.Load(x + j * step + c), Vector256.Load(dy + j * channels + c), sum);
            (Vector256.Load(sums + c) + sum).Store(sums + c);
        }
        for (; c < channels; c++)
        {
            float sum = 0;
            for (nint j = 0; j < count; j++)
                sum = float.MultiplyAddEstimate(x[j * step + c], dy[j * channels + c], sum);
            sums[c] += sum;
        }
    }
}
