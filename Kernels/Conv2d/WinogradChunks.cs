namespace Diffract.Kernels;

/// <summary>The tiles of a Winograd convolution with a large weight go through its steps in chunks, whose transformed
/// inputs and products stay in the third cache.</summary>
internal static class WinogradChunks
{
    private const long ChunkBytes = 32 << 20;

    /// <summary>Number of chunks.</summary>
    /// <param name="tiles">Tiles of all images.</param>
    /// <param name="points">Points of the algorithm.</param>
    /// <param name="channels">Channels summed over.</param>
    /// <param name="filters">Channels of the result.</param>
    public static int Count(int tiles, int points, int channels, int filters)
    {
        var row = points * (Blocks.Stride(channels) + Blocks.Stride(filters)) * sizeof(float);
        var longest = Math.Max(1, ChunkBytes / (row * Tile.Rows)) * Tile.Rows;
        return (int)((tiles + longest - 1) / longest);
    }
}
