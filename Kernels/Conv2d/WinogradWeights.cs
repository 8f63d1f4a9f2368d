using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Weights in the space of a Winograd algorithm's points: [point][panel][channel][16].</summary>
internal static unsafe class WinogradWeights<T> where T : struct, IWinograd
{
    /// <summary>Floats from one point to the next. Five cache lines more than needed: the stores of one transform would
    /// meet in a single set of the cache if planes were a power of two apart.</summary>
    public static nint Plane(int channels, int filters) => (nint)Panels.Floats(channels, filters) + 5 * 16;

    /// <summary>Floats of a transformed weight.</summary>
    public static long Floats(int channels, int filters) => T.Inputs * T.Inputs * (long)Plane(channels, filters);

    /// <summary>Transforms a weight.</summary>
    /// <param name="device">Gives the threads.</param>
    /// <param name="lanes">The weight.</param>
    /// <param name="flip">True for the input's gradient: filters are rotated by half a turn.</param>
    /// <param name="channels">Channels summed over.</param>
    /// <param name="filters">Channels of the result.</param>
    /// <param name="packed">Where to.</param>
    public static void Pack(CpuDevice device, FilterLanes lanes, bool flip, int channels, int filters, float* packed)
    {
        var plane = Plane(channels, filters);
        device.For(Panels.Count(filters), p =>
        {
            var floats = lanes.Floats;
            using var scratch = new Scratch(device, 2L * floats * sizeof(float));
            var read = scratch.F32;
            var column = p * Tile.Columns;
            for (var c = 0; c < channels; c += FilterLanes.Channels)
            {
                var count = Math.Min(FilterLanes.Channels, channels - c);
                lanes.Read(c, count, column, Math.Clamp(filters - column, 0, 8), read);
                lanes.Read(c, count, column + 8, Math.Clamp(filters - column - 8, 0, 8), read + floats);
                var to = packed + ((nint)p * channels + c) * Tile.Columns;
                for (var i = 0; i < count; i++, to += Tile.Columns)
                {
                    // Both halves of a cache line at once.
                    T.Weight(read + i * 72, flip, to, plane);
                    T.Weight(read + floats + i * 72, flip, to + 8, plane);
                }
            }
        });
    }
}
