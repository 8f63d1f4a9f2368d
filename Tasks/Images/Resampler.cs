using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Diffract.Tasks;

/// <summary>Resizes pictures with the very bits of Pillow's <c>Image.resize</c>: rows first, then columns, rounded to
/// bytes in between; a pass whose length does not change is left out.</summary>
public static class Resampler
{
    private const int Half = 1 << (ResamplingWeights.Bits - 1);

    /// <summary>The picture at another size; the same object when the size is the same.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="width">New width in pixels, at least 1.</param>
    /// <param name="height">New height in pixels, at least 1.</param>
    /// <param name="kernel">How pixels are weighed.</param>
    public static Image Resize(this Image image, int width, int height, Resampling kernel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (width != image.Width) image = ResizeRows(image, new(image.Width, width, kernel), width);
        return height == image.Height ? image
            : ResizeColumns(image, new(image.Height, height, kernel), height);
    }

    private static Image ResizeRows(Image image, ResamplingWeights weights, int width)
    {
        var resized = new Image(width, image.Height);
        for (var y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> from = image.Row(y);
            var to = resized.Row(y);
            for (var x = 0; x < width; x++)
            {
                var taps = weights.Of(x, out var first);
                var pixels = from.Slice(first * Image.Channels, taps.Length * Image.Channels);
                var (red, green, blue) = (Half, Half, Half);
                for (var k = 0; k < taps.Length; k++)
                {
                    var weight = taps[k];
                    red += pixels[3 * k] * weight;
                    green += pixels[3 * k + 1] * weight;
                    blue += pixels[3 * k + 2] * weight;
                }
                (to[3 * x], to[3 * x + 1], to[3 * x + 2]) = (Clip(red), Clip(green), Clip(blue));
            }
        }
        return resized;
    }

    /// <summary>All samples of a row share their weights, so that eight of them are one vector.</summary>
    private static Image ResizeColumns(Image image, ResamplingWeights weights, int height)
    {
        var resized = new Image(image.Width, height);
        var rowBytes = image.Width * Image.Channels;
        for (var y = 0; y < height; y++)
        {
            var taps = weights.Of(y, out var first);
            ReadOnlySpan<byte> from = image.Pixels.AsSpan(first * rowBytes, taps.Length * rowBytes);
            var to = resized.Row(y);
            var x = 0;
            for (; x <= rowBytes - Vector256<int>.Count; x += Vector256<int>.Count)
            {
                var sum = Vector256.Create(Half);
                for (var k = 0; k < taps.Length; k++)
                    sum += Widen(from.Slice(k * rowBytes + x, Vector256<int>.Count)) * taps[k];
                Clip(sum, to.Slice(x, Vector256<int>.Count));
            }
            for (; x < rowBytes; x++)
            {
                var sum = Half;
                for (var k = 0; k < taps.Length; k++) sum += from[k * rowBytes + x] * taps[k];
                to[x] = Clip(sum);
            }
        }
        return resized;
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResamplingWeights.Bits, 0, 255);

    private static Vector256<int> Widen(ReadOnlySpan<byte> eight)
    {
        var bytes = Vector128.CreateScalar(MemoryMarshal.Read<ulong>(eight)).AsByte();
        var shorts = Vector128.WidenLower(bytes);
        return Vector256.Create(Vector128.WidenLower(shorts), Vector128.WidenUpper(shorts)).AsInt32();
    }

    private static void Clip(Vector256<int> sum, Span<byte> eight)
    {
        var bytes = Vector256.Clamp(sum >> ResamplingWeights.Bits, Vector256<int>.Zero, Vector256.Create(255));
        var shorts = Vector128.Narrow(bytes.GetLower(), bytes.GetUpper());
        var packed = Vector128.Narrow(shorts.AsUInt16(), Vector128<ushort>.Zero);
        MemoryMarshal.Write(eight, packed.AsUInt64().ToScalar());
    }
}
