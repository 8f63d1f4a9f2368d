using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>The gradient of a 3 x 3 weight by a Winograd algorithm, which is the transpose of its forward:
/// dW = Gᵀ [ sum over tiles of (A dy Aᵀ) (Bᵀ x B) ] G, for each point one matrix product over tiles. The tiles come in
/// chunks whose transforms fit the third cache; every sum takes them in the same order.</summary>
/// <param name="tiles">The tiles.</param>
/// <param name="x">Images [N, H, W, channels].</param>
/// <param name="channels">Channels of x.</param>
/// <param name="dy">Images [N, H', W', filters].</param>
/// <param name="filters">Channels of dy.</param>
internal sealed unsafe class WinogradGradient<T>(WinogradTiles tiles, float* x, int channels, float* dy, int filters)
    where T : struct, IWinograd
{
    private const int ChunkBytes = 2 << 20, ShortestChunk = 48, LongestChunk = 576;
    private const int TilesOfTransform = 4, LargestRowBlock = 96, LargestPanelGroup = 16;

    private static readonly int points = T.Inputs * T.Inputs;

    private readonly nint xStride = Blocks.Stride(channels), dyStride = Blocks.Stride(filters);
    private readonly nint sumPlane = Blocks.WholeTiles(filters) * Blocks.Stride(channels);
    private readonly int panels = Panels.Count(channels);

    /// <summary>Overwrites <paramref name="gradient"/> [filters, channels, 3, 3].</summary>
    public void Run(CpuDevice device, float* gradient)
    {
        var count = tiles.Count;
        var chunk = ChunkOf(count);
        var (xPlane, dyPlane) = (chunk * xStride + 16, chunk * dyStride + 16);
        using var scratch = new Scratch(device, points * (xPlane + dyPlane + sumPlane) * sizeof(float));
        float* inputs = scratch.F32, outputs = inputs + points * xPlane, sums = outputs + points * dyPlane;
        using var border = new Scratch(device, Math.Max(channels, filters) * sizeof(float));
        var zeros = border.F32;
        new Span<float>(zeros, Math.Max(channels, filters)).Clear();
        for (var first = 0; first < count; first += chunk)
        {
            var (start, some) = (first, Math.Min(chunk, count - first));
            device.For((some + TilesOfTransform - 1) / TilesOfTransform, t =>
            {
                for (var i = t * TilesOfTransform; i < Math.Min(some, (t + 1) * TilesOfTransform); i++)
                    Transform(start + i, zeros, inputs + i * xStride, xPlane, outputs + i * dyStride, dyPlane);
            });
            Multiply(device, some, inputs, xPlane, outputs, dyPlane, sums, start > 0);
        }
        device.For(filters, f => Finish(sums + f * xStride, gradient + (nint)f * channels * 9));
    }

    private int ChunkOf(int count)
    {
        var fitting = (int)(ChunkBytes / (points * (xStride + dyStride) * sizeof(float)));
        var longest = Math.Clamp(fitting, ShortestChunk, LongestChunk);
        var chunks = (count + longest - 1) / longest;
        return ((count + chunks - 1) / chunks + 7) / 8 * 8;
    }

    [SkipLocalsInit]
    private void Transform(int tile, float* zeros, float* input, nint xPlane, float* output, nint dyPlane)
    {
        var pixels = stackalloc float*[T.Inputs * T.Inputs];
        tiles.InputPixels(tile, x, channels, zeros, pixels);
        WinogradTransforms<T>.Input(pixels, channels, input, xPlane);
        tiles.OutputPixels(tile, dy, filters, zeros, pixels);
        WinogradTransforms<T>.OutputGradient(pixels, filters, output, dyPlane);
        // The last panel reads as far as this; what comes of it is never used, but must not be slow to multiply.
        var written = (channels + 7) / 8 * 8;
        for (var point = 0; written % Tile.Columns != 0 && point < points; point++)
            new Span<float>(input + point * xPlane + written, 8).Clear();
    }

    private void Multiply(CpuDevice device, int count, float* inputs, nint xPlane, float* outputs, nint dyPlane,
        float* sums, bool accumulate)
    {
        var rowBlock = Blocks.Even(filters, LargestRowBlock, Tile.Rows);
        var group = Blocks.Even(panels, LargestPanelGroup, 1);
        var (rowBlocks, groups) = ((filters + rowBlock - 1) / rowBlock, (panels + group - 1) / group);
        device.For(points * rowBlocks * groups, t =>
        {
            var (point, cell) = (t / (rowBlocks * groups), t % (rowBlocks * groups));
            var (row, panel) = (cell / groups * rowBlock, cell % groups * group);
            var rows = Math.Min(rowBlock, filters - row);
            using var scratch = new Scratch(device, Blocks.LeftFloats(rows, count) * sizeof(float));
            Blocks.Multiply(new LeftColumns(outputs + point * dyPlane, dyStride), row, rows, 0, count,
                Right.Rows(inputs + point * xPlane, xStride, panel), Math.Min(group, panels - panel), scratch.F32,
                sums + point * sumPlane + row * xStride + panel * Tile.Columns, xStride, accumulate);
        });
    }

    [SkipLocalsInit]
    private void Finish(float* sums, float* gradient)
    {
        var taps = stackalloc float[72];
        for (var c = 0; c < channels; c += 8, gradient += 72)
        {
            T.WeightGradient(sums + c, sumPlane, taps);
            for (var i = 0; i < Math.Min(8, channels - c); i++)
                for (var t = 0; t < 9; t++) gradient[i * 9 + t] = taps[t * 8 + i];
        }
    }
}
