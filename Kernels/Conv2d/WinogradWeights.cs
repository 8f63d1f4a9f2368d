using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>A weight on its way into the space of a Winograd algorithm's points: [point][panel][channel][16].</summary>
/// <param name="lanes">The weight.</param>
/// <param name="flip">True for the input's gradient: filters are rotated by half a turn.</param>
/// <param name="channels">Channels summed over.</param>
/// <param name="filters">Channels of the result.</param>
internal readonly unsafe struct WinogradWeights<T>(FilterLanes lanes, bool flip, int channels, int filters)
    where T : struct, IWinograd
{
    /// <summary>Floats from one point to the next when <paramref name="panels"/> panels are transformed. Five cache
    /// lines more than needed: the stores of one transform would meet in a single set of the cache if planes were a
    /// power of two apart.</summary>
    public static nint Plane(int channels, int panels) => ((nint)panels * channels + 5) * Tile.Columns;

    /// <summary>Floats of that many transformed panels.</summary>
    public static long Floats(int channels, int panels) => T.Inputs * T.Inputs * (long)Plane(channels, panels);

    /// <summary>Transforms the whole weight.</summary>
    public void Pack(CpuDevice device, float* packed)
    {
        var (self, panels) = (this, Panels.Count(filters));
        device.For(panels, p => self.PackPanel(device, p, 0, self.Channels,
            packed + (nint)p * self.Channels * Tile.Columns,
            Plane(self.Channels, panels)));
    }

    /// <summary>Transforms a part of one panel.</summary>
    /// <param name="device">Gives scratch memory.</param>
    /// <param name="panel">Which panel.</param>
    /// <param name="channel">First channel.</param>
    /// <param name="depth">How many channels.</param>
    /// <param name="packed">Where its first point goes.</param>
    /// <param name="plane">Floats between points.</param>
    public void PackPanel(CpuDevice device, int panel, int channel, int depth, float* packed, nint plane)
    {
        var floats = lanes.Floats;
        using var scratch = new Scratch(device, 2L * floats * sizeof(float));
        var read = scratch.F32;
        var column = panel * Tile.Columns;
        for (var c = 0; c < depth; c += FilterLanes.Channels)
        {
            var count = Math.Min(FilterLanes.Channels, depth - c);
            lanes.Read(channel + c, count, column, Math.Clamp(filters - column, 0, 8), read);
            lanes.Read(channel + c, count, column + 8, Math.Clamp(filters - column - 8, 0, 8), read + floats);
            var to = packed + (nint)c * Tile.Columns;
            for (var i = 0; i < count; i++, to += Tile.Columns)
            {
                // Both halves of a cache line at once.
                T.Weight(read + i * 72, flip, to, plane);
                T.Weight(read + floats + i * 72, flip, to + 8, plane);
            }
        }
    }

    private int Channels => channels;
}
