using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Diffract.Kernels;

/// <summary>Reads a weight so that eight columns of the product lie side by side, as panels and transforms want
/// them.</summary>
/// <param name="weight">The group's first element.</param>
/// <param name="taps">Elements of a filter's plane, contiguous.</param>
/// <param name="channelStride">Floats between channels summed over.</param>
/// <param name="columnStride">Floats between columns. One of the two strides is <paramref name="taps"/>.</param>
internal readonly unsafe struct FilterLanes(float* weight, int taps, nint channelStride, nint columnStride)
{
    /// <summary>Channels that are read at once.</summary>
    public const int Channels = 8;

    /// <summary>Floats that <see cref="Read"/> writes.</summary>
    public int Floats => Channels * taps * 8;

    /// <summary>Writes [channel][tap][8 columns].</summary>
    /// <param name="channel">First channel.</param>
    /// <param name="channels">How many, at most <see cref="Channels"/>.</param>
    /// <param name="column">First column.</param>
    /// <param name="columns">How many; lanes beyond are zero.</param>
    /// <param name="to">Where to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Read(int channel, int channels, int column, int columns, float* to)
    {
        var from = weight + channel * channelStride + column * columnStride;
        if (columns < 8) ReadSome(from, channels, columns, to);
        else if (channelStride == taps) ReadSquares(from, columnStride, channels * taps, to);
        else
            for (var c = 0; c < channels; c++, from += channelStride, to += taps * 8)
                ReadSquares(from, columnStride, taps, to);
    }

    // Eight rows of floats, one a column: their transpose.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReadSquares(float* from, nint stride, int length, float* to)
    {
        var i = 0;
        if (stride == 1)
        {
            for (; i < length; i++) Vector256.Load(from + i).Store(to + i * 8);
            return;
        }
        for (; i + 8 <= length; i += 8) Transpose8.Run(from + i, stride, to + i * 8, 8);
        for (; i < length; i++)
            for (var j = 0; j < 8; j++) to[i * 8 + j] = from[j * stride + i];
    }

    private void ReadSome(float* from, int channels, int columns, float* to)
    {
        for (var c = 0; c < channels; c++)
            for (var t = 0; t < taps; t++, to += 8)
                for (var j = 0; j < 8; j++) to[j] = j < columns ? from[c * channelStride + j * columnStride + t] : 0;
    }
}
