using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Packs a convolution's weight into panels for the gathered left operand: [panel][tap][channel][16].</summary>
internal static unsafe class TapWeights
{
    /// <summary>Packs the weight of one group and one set of taps.</summary>
    /// <param name="device">Gives the threads.</param>
    /// <param name="weight">The group's first element.</param>
    /// <param name="taps">Which elements of the filter's plane, in order.</param>
    /// <param name="channels">Channels summed over.</param>
    /// <param name="channelStride">Floats between them in the weight.</param>
    /// <param name="columns">Channels of the result.</param>
    /// <param name="columnStride">Floats between them in the weight.</param>
    /// <param name="packed">Where to.</param>
    public static void Pack(CpuDevice device, float* weight, TapSet taps, int channels, nint channelStride, int columns,
        nint columnStride, float* packed)
    {
        var depth = taps.Taps.Length * channels;
        device.For(Panels.Count(columns), p =>
        {
            var to = packed + (nint)p * depth * Tile.Columns;
            var first = weight + p * Tile.Columns * columnStride;
            var width = Math.Min(Tile.Columns, columns - p * Tile.Columns);
            foreach (var tap in taps.Taps)
            {
                for (var c = 0; c < channels; c++, to += Tile.Columns)
                {
                    var from = first + c * channelStride + tap.Index;
                    for (var j = 0; j < width; j++) to[j] = from[j * columnStride];
                    for (var j = width; j < Tile.Columns; j++) to[j] = 0;
                }
            }
        });
    }
}
