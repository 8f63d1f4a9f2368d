using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>The rows of coefficients that a backward pass reads, one of each a sample.</summary>
/// <param name="Gain">Of the forward: z = x gain + offset.</param>
/// <param name="Offset">Of the forward.</param>
/// <param name="Mean">Mean of the channel's group.</param>
internal readonly unsafe record struct ChannelRows(nint Gain, nint Offset, nint Mean)
{
    public ChannelRows At(nint row) => new(Gain + row * sizeof(float), Offset + row * sizeof(float),
        Mean + row * sizeof(float));
}

internal static unsafe partial class ChannelPasses
{
    /// <summary>For every sample and channel the sums of dz and of dz (x - mean), dz = dy f'(x gain + offset):
    /// [batch, 2, stride] doubles.</summary>
    public static void GradientSums<TActivation>(
        CpuDevice device, float* x, float* dy, ChannelRows rows, double* sums, int batch, int pixels, int channels)
        where TActivation : struct, IActivation
    {
        int blocks = Blocks(pixels, channels), length = BlockPixels(channels), stride = Stride(channels);
        using var scratch = new Scratch(device, (long)batch * blocks * 2 * stride * sizeof(float));
        var parts = scratch.F32;
        device.For(batch * blocks, i =>
        {
            int n = i / blocks, first = i % blocks * length;
            var at = ((nint)n * pixels + first) * channels;
            SumRows<TActivation>(x + at, dy + at, rows.At((nint)n * stride), parts + (nint)i * 2 * stride,
                Math.Min(length, pixels - first), channels);
        });
        const int chunk = 64;
        var chunks = (2 * stride + chunk - 1) / chunk;
        device.For(batch * chunks, i =>
        {
            int n = i / chunks, first = i % chunks * chunk, last = Math.Min(first + chunk, 2 * stride);
            var sum = sums + (nint)n * 2 * stride;
            for (var c = first; c < last; c++) sum[c] = 0;
            for (var b = 0; b < blocks; b++)
            {
                var part = parts + ((nint)n * blocks + b) * 2 * stride;
                for (var c = first; c < last; c++) sum[c] += part[c];
            }
        });
    }

    /// <summary>dx = dz a + (x - mean) b + d, with a row of each coefficient a sample; a, b and d lie in
    /// <paramref name="abd"/>, [batch, 3, stride].</summary>
    public static void InputGradient<TActivation>(
        CpuDevice device, float* x, float* dy, float* dx, ChannelRows rows, float* abd, int batch, int pixels,
        int channels) where TActivation : struct, IActivation
    {
        int blocks = Blocks(pixels, channels), length = BlockPixels(channels), stride = Stride(channels);
        device.For(batch * blocks, i =>
        {
            int n = i / blocks, first = i % blocks * length;
            var at = ((nint)n * pixels + first) * channels;
            InputRows<TActivation>(x + at, dy + at, dx + at, rows.At((nint)n * stride), abd + (nint)n * 3 * stride,
                Math.Min(length, pixels - first), channels);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumRows<TActivation>(
        float* x, float* dy, ChannelRows rows, float* sums, int count, int channels)
        where TActivation : struct, IActivation
    {
        var whole = channels & -Lanes;
        var products = sums + Stride(channels);
        new Span<float>(sums, 2 * Stride(channels)).Clear();
        for (var r = 0; r < count; r++, x += channels, dy += channels)
        {
            for (var c = 0; c < whole; c += Lanes)
                AddGradient<TActivation>(Vector256.Load(x + c), Vector256.Load(dy + c), rows, c, sums, products);
            if (whole == channels) continue;
            AddGradient<TActivation>(VectorMath.LoadPart(x + whole, channels - whole),
                VectorMath.LoadPart(dy + whole, channels - whole), rows, whole, sums, products);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddGradient<TActivation>(
        Vector256<float> x, Vector256<float> dy, ChannelRows rows, int c, float* sums, float* products)
        where TActivation : struct, IActivation
    {
        var dz = BeforeActivation<TActivation>(x, dy, rows, c);
        var distance = x - Vector256.Load((float*)rows.Mean + c);
        (Vector256.Load(sums + c) + dz).Store(sums + c);
        Vector256.MultiplyAddEstimate(dz, distance, Vector256.Load(products + c)).Store(products + c);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void InputRows<TActivation>(
        float* x, float* dy, float* dx, ChannelRows rows, float* abd, int count, int channels)
        where TActivation : struct, IActivation
    {
        int whole = channels & -Lanes, stride = Stride(channels);
        for (var r = 0; r < count; r++, x += channels, dy += channels, dx += channels)
        {
            for (var c = 0; c < whole; c += Lanes)
                InputLanes<TActivation>(Vector256.Load(x + c), Vector256.Load(dy + c), rows, c, abd + c, stride)
                    .Store(dx + c);
            if (whole == channels) continue;
            var last = InputLanes<TActivation>(VectorMath.LoadPart(x + whole, channels - whole),
                VectorMath.LoadPart(dy + whole, channels - whole), rows, whole, abd + whole, stride);
            VectorMath.StorePart(last, dx + whole, channels - whole);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> InputLanes<TActivation>(
        Vector256<float> x, Vector256<float> dy, ChannelRows rows, int c, float* abd, int stride)
        where TActivation : struct, IActivation
    {
        var dz = BeforeActivation<TActivation>(x, dy, rows, c);
        var distance = x - Vector256.Load((float*)rows.Mean + c);
        var rest = Vector256.MultiplyAddEstimate(distance, Vector256.Load(abd + stride),
            Vector256.Load(abd + 2 * stride));
        return Vector256.MultiplyAddEstimate(dz, Vector256.Load(abd), rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> BeforeActivation<TActivation>(
        Vector256<float> x, Vector256<float> dy, ChannelRows rows, int c) where TActivation : struct, IActivation =>
        dy * TActivation.Slope(Line(x, (float*)rows.Gain + c, (float*)rows.Offset + c));
}
