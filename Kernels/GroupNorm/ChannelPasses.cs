using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Passes over [batch, pixels, channels] float32 data for the norms that keep statistics of channels. The
/// pixels of a sample are cut into blocks by shape alone; a block sums in float, blocks are added in double, in
/// order.</summary>
internal static unsafe partial class ChannelPasses
{
    private const int Lanes = 8;

    // 128 KiB of input: fits the second-level cache, and few enough terms for a float sum.
    private const int BlockFloats = 32768;

    /// <summary>Pixels of a block.</summary>
    public static int BlockPixels(int channels) => Math.Clamp(BlockFloats / channels, 8, 256);

    /// <summary>Blocks of a sample.</summary>
    public static int Blocks(int pixels, int channels)
    {
        var rows = BlockPixels(channels);
        return (int)(((long)pixels + rows - 1) / rows);
    }

    // How many channels the passes with an exponential take sixteen at a time.
    private static int Widest(int channels) => Vector512.IsHardwareAccelerated ? channels & -WidestLane.Width : 0;

    /// <summary>y = f(x gain + offset), with a row of gains and one of offsets a sample.</summary>
    public static void Affine<TActivation>(
        CpuDevice device, float* x, float* y, float* gain, float* offset, int batch, int pixels, int channels)
        where TActivation : struct, IActivation
    {
        int blocks = Blocks(pixels, channels), rows = BlockPixels(channels);
        device.For(batch * blocks, i =>
        {
            int n = i / blocks, first = i % blocks * rows;
            var at = ((nint)n * pixels + first) * channels;
            AffineRows<TActivation>(x + at, y + at, gain + (nint)n * channels, offset + (nint)n * channels,
                Math.Min(rows, pixels - first), channels);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AffineRows<TActivation>(
        float* x, float* y, float* gain, float* offset, int rows, int channels) where TActivation : struct, IActivation
    {
        int whole = channels & -Lanes, widest = Widest(channels);
        for (var r = 0; r < rows; r++, x += channels, y += channels)
        {
            var c = 0;
            for (; c < widest; c += WidestLane.Width)
                AffineLane<WidestLane, TActivation>(x + c, y + c, gain + c, offset + c);
            for (; c < whole; c += Lanes) AffineLane<WideLane, TActivation>(x + c, y + c, gain + c, offset + c);
            for (; c < channels; c++) AffineLane<FloatLane, TActivation>(x + c, y + c, gain + c, offset + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AffineLane<T, TActivation>(float* x, float* y, float* gain, float* offset)
        where T : unmanaged, IFloatLane<T>, ILaneMemory<T, float> where TActivation : struct, IActivation =>
        T.Store(y, TActivation.Forward(T.MultiplyAdd(T.Load(x), T.Load(gain), T.Load(offset))));
}
