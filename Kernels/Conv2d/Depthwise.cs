using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Convolution of every channel with a filter of its own, in both directions: eight channels side by side, no
/// product to speak of.</summary>
internal static unsafe class Depthwise
{
    /// <summary>Bytes of the packed weight, [tap][channel] for each part.</summary>
    public static long PackedBytes(in Conv2dGeometry g) => (long)g.Taps * g.Channels * sizeof(float);

    /// <summary>Packs a weight [channels, 1, kH, kW].</summary>
    public static void Pack(float* weight, in Conv2dGeometry g, ConvDirection direction, float* packed)
    {
        foreach (var part in ConvPart.Of(g, direction))
            foreach (var tap in part.Taps.Taps)
                for (var c = 0; c < g.Channels; c++) *packed++ = weight[(nint)c * g.Taps + tap.Index];
    }

    /// <summary>Convolves with a packed weight.</summary>
    public static void Run(CpuDevice device, in Conv2dArgs args, ConvDirection direction, float* packed)
    {
        var g = args.Geometry;
        var forward = direction == ConvDirection.Forward;
        Pair input = forward ? (g.Height, g.Width) : (g.OutHeight, g.OutWidth);
        Pair output = forward ? (g.OutHeight, g.OutWidth) : (g.Height, g.Width);
        foreach (var part in ConvPart.Of(g, direction))
        {
            var line = new Line(part, input, output, g.Channels, packed, args);
            device.For(g.Batch * part.Grid.H, line.Run);
            packed += (nint)part.Taps.Taps.Length * g.Channels;
        }
    }

    /// <summary>Lines of the output that see the same taps.</summary>
    private sealed class Line(ConvPart part, Pair input, Pair output, int channels, float* packed, Conv2dArgs args)
    {
        public void Run(int line)
        {
            var (n, i) = (line / part.Grid.H, line % part.Grid.H);
            var taps = part.Taps;
            var offsets = stackalloc nint[taps.Taps.Length];
            var weights = stackalloc nint[taps.Taps.Length];
            var image = args.Input.F32 + (nint)n * input.H * input.W * channels;
            var pixel = ((nint)n * output.H + i * part.Step.H + part.Phase.H) * output.W + part.Phase.W;
            for (var j = 0; j < part.Grid.W; j++, pixel += part.Step.W)
            {
                var count = 0;
                for (var t = 0; t < taps.Taps.Length; t++)
                {
                    var (y, x) = (i * taps.Step.H + taps.Taps[t].OffsetY, j * taps.Step.W + taps.Taps[t].OffsetX);
                    if ((uint)y >= (uint)input.H || (uint)x >= (uint)input.W) continue;
                    offsets[count] = ((nint)y * input.W + x) * channels;
                    weights[count++] = (nint)t * channels;
                }
                Pixel(image, offsets, weights, count, pixel * channels);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Pixel(float* image, nint* offsets, nint* weights, int count, nint at)
        {
            float* y = args.Output.F32 + at, bias = args.Bias.F32;
            var residual = args.Residual.Exists ? args.Residual.F32 + at : null;
            var c = 0;
            // Four sums at once, so that additions need not wait for one another.
            for (; c + 32 <= channels; c += 32)
            {
                Vector256<float> s0, s1, s2, s3;
                s0 = s1 = s2 = s3 = Vector256<float>.Zero;
                for (var t = 0; t < count; t++)
                {
                    float* x = image + offsets[t] + c, w = packed + weights[t] + c;
                    s0 = Vector256.MultiplyAddEstimate(Vector256.Load(x), Vector256.Load(w), s0);
                    s1 = Vector256.MultiplyAddEstimate(Vector256.Load(x + 8), Vector256.Load(w + 8), s1);
                    s2 = Vector256.MultiplyAddEstimate(Vector256.Load(x + 16), Vector256.Load(w + 16), s2);
                    s3 = Vector256.MultiplyAddEstimate(Vector256.Load(x + 24), Vector256.Load(w + 24), s3);
                }
                Put(s0, c, y, bias, residual);
                Put(s1, c + 8, y, bias, residual);
                Put(s2, c + 16, y, bias, residual);
                Put(s3, c + 24, y, bias, residual);
            }
            for (; c + 8 <= channels; c += 8)
            {
                var sum = Vector256<float>.Zero;
                for (var t = 0; t < count; t++)
                    sum = Vector256.MultiplyAddEstimate(
                        Vector256.Load(image + offsets[t] + c), Vector256.Load(packed + weights[t] + c), sum);
                Put(sum, c, y, bias, residual);
            }
            for (; c < channels; c++)
            {
                float sum = 0;
                for (var t = 0; t < count; t++)
                    sum = float.MultiplyAddEstimate(image[offsets[t] + c], packed[weights[t] + c], sum);
                if (bias is not null) sum += bias[c];
                y[c] = residual is null ? sum : sum + residual[c];
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Put(Vector256<float> sum, int c, float* y, float* bias, float* residual)
        {
            if (bias is not null) sum += Vector256.Load(bias + c);
            if (residual is not null) sum += Vector256.Load(residual + c);
            sum.Store(y + c);
        }
    }
}
