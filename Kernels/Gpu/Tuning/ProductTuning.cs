using System.Numerics;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Tiles of products, by trial: on the caller's own operands, with the result in scratch memory.</summary>
internal static unsafe class ProductTuning
{
    // Of the result, to see that all tiles give the same bits.
    private const int SampleBytes = 1 << 16;

    /// <summary>Queues a product with a tile.</summary>
    /// <typeparam name="TTile">How it is cut.</typeparam>
    /// <param name="tile">The tile.</param>
    /// <param name="sizes">Sizes.</param>
    /// <param name="c">Where the result goes.</param>
    public delegate void Launcher<TTile>(TTile tile, in MmaSizes sizes, View c);

    /// <summary>True where a device chooses by trial, and a product is large enough for it.</summary>
    /// <param name="device">The device.</param>
    /// <param name="sizes">The product.</param>
    /// <param name="depth">Length of its sums.</param>
    /// <param name="entries">Entries of the batch, or groups.</param>
    public static bool Pays(GpuDevice device, in MmaSizes sizes, int depth, int entries) => device.Tuner is { } tuner
        && (double)sizes.Rows * sizes.Columns * sizes.Segments * depth * entries >= tuner.LeastWork;

    /// <summary>The fastest of some tiles that give the same bits.</summary>
    /// <param name="device">The device, with a tuner.</param>
    /// <param name="kernel">Kind and variant of the kernel.</param>
    /// <param name="sizes">The product.</param>
    /// <param name="depth">Length of its sums.</param>
    /// <param name="entries">Entries of the batch, or groups.</param>
    /// <param name="result">Type of the result.</param>
    /// <param name="tiles">The tiles, the usual one first.</param>
    /// <param name="launch">Queues the product.</param>
    public static TTile Choose<TTile>(GpuDevice device, string kernel, MmaSizes sizes, int depth, int entries,
        DType result, TTile[] tiles, Launcher<TTile> launch) where TTile : struct
    {
        if (tiles.Length == 1) return tiles[0];
        var tuner = device.Tuner!;
        var problem = $"{kernel}, {Class(sizes.Rows)} x {Class(sizes.Columns)} x {Class(depth)}, "
            + $"{sizes.Segments} segments, {sizes.Parts} parts, {Class(entries)} entries";
        if (tuner.Find(problem, Names) is { } known && known < tiles.Length) return tiles[known];
        try
        {
            var count = Count(sizes, entries);
            using var scratch = new Scratch(device, count * result.Size());
            var trial = new View((nint)scratch.F32, count, result);
            // What scratch memory held before is nothing to add to.
            var product = sizes with { Beta = 0 };
            return tiles[tuner.Try(problem, Names(), way => launch(tiles[way], product, trial), () =>
            {
                var bits = new byte[Math.Min(SampleBytes, count * result.Size())];
                device.Download(trial.Address, bits);
                return bits;
            })];
        }
        catch (OutOfDeviceMemoryException)
        {
            tuner.GiveUp(problem, Names()[0]);
            return tiles[0];
        }

        // Another build may write other texts for the same tile.
        string[] Names() => [.. tiles.Select(tile => $"{tile} {typeof(ProductTuning).Module.ModuleVersionId:N}")];
    }

    // Up to the last element that the kernel writes.
    private static long Count(in MmaSizes sizes, int entries) => (entries - 1) * sizes.StepResult
        + (sizes.Parts - 1) * sizes.StepPart + (sizes.Rows - 1L) * sizes.LeadResult
        + (long)sizes.Columns * sizes.Segments;

    // Products whose lengths differ by less than a quarter are of one class: as many tiles, more or less. A power of
    // two ends a class, so that all columns of one fill the same tiles to more than half.
    private static long Class(long length)
    {
        var unit = 1L << Math.Max(0, BitOperations.Log2((ulong)Math.Max(1, length)) - 2);
        return (length + unit - 1) / unit * unit;
    }
}
