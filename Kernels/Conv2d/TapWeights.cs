using System.Runtime.Intrinsics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Packs a convolution's weight into panels for the gathered left operand:
/// [panel][tap][channel][16].</summary>
internal static unsafe class TapWeights
{
    /// <summary>Packs the weight of one group for one set of taps.</summary>
    /// <param name="device">Gives the threads.</param>
    /// <param name="weight">The group's first element.</param>
    /// <param name="plane">Elements of a filter's plane.</param>
    /// <param name="taps">Which of them, in order.</param>
    /// <param name="channels">Channels summed over.</param>
    /// <param name="channelStride">Floats between them in the weight.</param>
    /// <param name="columns">Channels of the result.</param>
    /// <param name="columnStride">Floats between them in the weight.</param>
    /// <param name="packed">Where to.</param>
    public static void Pack(CpuDevice device, float* weight, int plane, TapSet taps, int channels, nint channelStride,
        int columns, nint columnStride, float* packed)
    {
        var depth = taps.Taps.Length * channels;
        var lanes = new FilterLanes(weight, plane, channelStride, columnStride);
        device.For(Panels.Count(columns), p =>
        {
            using var scratch = new Scratch(device, lanes.Floats * sizeof(float));
            for (var half = 0; half < Tile.Columns; half += 8)
            {
                var column = p * Tile.Columns + half;
                var to = packed + (nint)p * depth * Tile.Columns + half;
                for (var c = 0; c < channels; c += FilterLanes.Channels)
                {
                    var count = Math.Min(FilterLanes.Channels, channels - c);
                    lanes.Read(c, count, column, Math.Clamp(columns - column, 0, 8), scratch.F32);
                    for (var t = 0; t < taps.Taps.Length; t++)
                    {
                        var from = scratch.F32 + taps.Taps[t].Index * 8;
                        var row = to + ((nint)t * channels + c) * Tile.Columns;
                        for (var i = 0; i < count; i++)
                            Vector256.Load(from + i * plane * 8).Store(row + i * Tile.Columns);
                    }
                }
            }
        });
    }
}
