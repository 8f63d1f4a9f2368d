using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>The rows of coefficients that a backward pass reads, one of each a sample.</summary>
/// <param name="gain">Of the forward: z = x gain + offset.</param>
/// <param name="offset">Of the forward.</param>
/// <param name="mean">Mean of the channel's group.</param>
internal readonly unsafe struct ChannelRows(float* gain, float* offset, float* mean)
{
    public readonly float* Gain = gain;
    public readonly float* Offset = offset;
    public readonly float* Mean = mean;

    public ChannelRows From(nint row) => new(Gain + row, Offset + row, Mean + row);
}

internal static unsafe partial class ChannelPasses
{
    /// <summary>For every sample and channel the sums of dz and of dz (x - mean), dz = dy f'(x gain + offset):
    /// [batch, 2, channels] doubles.</summary>
    public static void GradientSums<TActivation>(
        CpuDevice device, float* x, float* dy, ChannelRows rows, double* sums, int batch, int pixels, int channels)
        where TActivation : struct, IActivation
    {
        int blocks = Blocks(pixels, channels), length = BlockPixels(channels);
        using var scratch = new Scratch(device, (long)batch * blocks * 2 * channels * sizeof(float));
        var parts = scratch.F32;
        device.For(batch * blocks, i =>
        {
            int n = i / blocks, first = i % blocks * length;
            var at = ((nint)n * pixels + first) * channels;
            SumRows<TActivation>(x + at, dy + at, rows.From((nint)n * channels), parts + (nint)i * 2 * channels,
                Math.Min(length, pixels - first), channels);
        });
        const int chunk = 64;
        var chunks = (2 * channels + chunk - 1) / chunk;
        device.For(batch * chunks, i =>
        {
            int n = i / chunks, first = i % chunks * chunk, last = Math.Min(first + chunk, 2 * channels);
            var sum = sums + (nint)n * 2 * channels;
            for (var c = first; c < last; c++) sum[c] = 0;
            for (var b = 0; b < blocks; b++)
            {
                var part = parts + ((nint)n * blocks + b) * 2 * channels;
                for (var c = first; c < last; c++) sum[c] += part[c];
            }
        });
    }

    /// <summary>dx = dz a + (x - mean) b + d, with a row of each coefficient a sample; a, b and d lie in
    /// <paramref name="abd"/>, [batch, 3, channels].</summary>
    public static void InputGradient<TActivation>(
        CpuDevice device, float* x, float* dy, float* dx, ChannelRows rows, float* abd, int batch, int pixels,
        int channels) where TActivation : struct, IActivation
    {
        int blocks = Blocks(pixels, channels), length = BlockPixels(channels);
        device.For(batch * blocks, i =>
        {
            int n = i / blocks, first = i % blocks * length;
            var at = ((nint)n * pixels + first) * channels;
            InputRows<TActivation>(x + at, dy + at, dx + at, rows.From((nint)n * channels),
                abd + (nint)n * 3 * channels, Math.Min(length, pixels - first), channels);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumRows<TActivation>(
        float* x, float* dy, ChannelRows rows, float* sums, int count, int channels)
        where TActivation : struct, IActivation
    {
        int whole = channels & -Lanes, widest = Widest(channels);
        new Span<float>(sums, 2 * channels).Clear();
        for (var r = 0; r < count; r++, x += channels, dy += channels)
        {
            var c = 0;
            for (; c < widest; c += WidestLane.Width)
                SumLane<WidestLane, TActivation>(x + c, dy + c, rows, c, sums + c, channels);
            for (; c < whole; c += Lanes)
                SumLane<WideLane, TActivation>(x + c, dy + c, rows, c, sums + c, channels);
            for (; c < channels; c++)
                SumLane<FloatLane, TActivation>(x + c, dy + c, rows, c, sums + c, channels);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumLane<T, TActivation>(
        float* x, float* dy, ChannelRows rows, int c, float* sums, nint channels)
        where T : unmanaged, IFloatLane<T>, ILaneMemory<T, float> where TActivation : struct, IActivation
    {
        var value = T.Load(x);
        var z = T.MultiplyAdd(value, T.Load(rows.Gain + c), T.Load(rows.Offset + c));
        var dz = TActivation.Backward(z, T.Load(dy));
        T.Store(sums, T.Load(sums) + dz);
        T.Store(sums + channels, T.MultiplyAdd(dz, value - T.Load(rows.Mean + c), T.Load(sums + channels)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void InputRows<TActivation>(
        float* x, float* dy, float* dx, ChannelRows rows, float* abd, int count, int channels)
        where TActivation : struct, IActivation
    {
        int whole = channels & -Lanes, widest = Widest(channels);
        for (var r = 0; r < count; r++, x += channels, dy += channels, dx += channels)
        {
            var c = 0;
            for (; c < widest; c += WidestLane.Width)
                InputLane<WidestLane, TActivation>(x + c, dy + c, dx + c, rows, c, abd + c, channels);
            for (; c < whole; c += Lanes)
                InputLane<WideLane, TActivation>(x + c, dy + c, dx + c, rows, c, abd + c, channels);
            for (; c < channels; c++)
                InputLane<FloatLane, TActivation>(x + c, dy + c, dx + c, rows, c, abd + c, channels);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InputLane<T, TActivation>(
        float* x, float* dy, float* dx, ChannelRows rows, int c, float* abd, nint channels)
        where T : unmanaged, IFloatLane<T>, ILaneMemory<T, float> where TActivation : struct, IActivation
    {
        var value = T.Load(x);
        var z = T.MultiplyAdd(value, T.Load(rows.Gain + c), T.Load(rows.Offset + c));
        var dz = TActivation.Backward(z, T.Load(dy));
        var rest = T.MultiplyAdd(value - T.Load(rows.Mean + c), T.Load(abd + channels), T.Load(abd + 2 * channels));
        T.Store(dx, T.MultiplyAdd(dz, T.Load(abd), rest));
    }
}
