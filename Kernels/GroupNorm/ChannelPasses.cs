using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Passes over [batch, pixels, channels] float32 data for the norms that keep statistics of channels. The
/// pixels of a sample are cut into blocks by shape alone; a block sums in float, blocks are added in double, in
/// order.</summary>
/// <remarks>Coefficients and sums of channels lie in rows of <see cref="Stride"/> floats, so that a last vector may
/// reach beyond the channels there.</remarks>
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

    /// <summary>Floats of a row of coefficients.</summary>
    public static int Stride(int channels) => (channels + Lanes - 1) / Lanes * Lanes;

    /// <summary>y = f(x gain + offset), with a row of gains and one of offsets a sample.</summary>
    public static void Affine<TActivation>(
        CpuDevice device, float* x, float* y, float* gain, float* offset, int batch, int pixels, int channels)
        where TActivation : struct, IActivation
    {
        int blocks = Blocks(pixels, channels), rows = BlockPixels(channels), stride = Stride(channels);
        device.For(batch * blocks, i =>
        {
            int n = i / blocks, first = i % blocks * rows;
            var at = ((nint)n * pixels + first) * channels;
            AffineRows<TActivation>(x + at, y + at, gain + (nint)n * stride, offset + (nint)n * stride,
                Math.Min(rows, pixels - first), channels);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AffineRows<TActivation>(
        float* x, float* y, float* gain, float* offset, int rows, int channels) where TActivation : struct, IActivation
    {
        var whole = channels & -Lanes;
        for (var r = 0; r < rows; r++, x += channels, y += channels)
        {
            for (var c = 0; c < whole; c += Lanes)
                TActivation.Forward(Line(Vector256.Load(x + c), gain + c, offset + c)).Store(y + c);
            if (whole == channels) continue;
            var last = VectorMath.LoadPart(x + whole, channels - whole);
            last = TActivation.Forward(Line(last, gain + whole, offset + whole));
            VectorMath.StorePart(last, y + whole, channels - whole);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Line(Vector256<float> x, float* gain, float* offset) =>
        Vector256.MultiplyAddEstimate(x, Vector256.Load(gain), Vector256.Load(offset));
}

/// <summary>What follows a norm's affine map.</summary>
internal interface IActivation
{
    /// <summary>f(z).</summary>
    static abstract Vector256<float> Forward(Vector256<float> z);

    /// <summary>f'(z).</summary>
    static abstract Vector256<float> Slope(Vector256<float> z);
}

internal readonly struct NoActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Forward(Vector256<float> z) => z;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Slope(Vector256<float> z) => Vector256<float>.One;
}

internal readonly struct SiluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Forward(Vector256<float> z) => z / (Vector256<float>.One + VectorMath.Exp(-z));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Slope(Vector256<float> z)
    {
        var s = VectorMath.Sigmoid(z);
        return s * Vector256.MultiplyAddEstimate(z, Vector256<float>.One - s, Vector256<float>.One);
    }
}
