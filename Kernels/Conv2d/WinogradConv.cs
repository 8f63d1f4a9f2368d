using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>One 3 x 3 convolution with stride 1 by a Winograd algorithm: transforms of the inputs, one matrix product
/// [tiles, channels] x [channels, filters] for each point, transforms of the products.</summary>
/// <param name="tiles">The tiles.</param>
/// <param name="input">Images [N, H, W, channels].</param>
/// <param name="channels">Channels of the input.</param>
/// <param name="packed">The weight, transformed.</param>
/// <param name="filters">Channels of the output.</param>
/// <param name="bias">One value a filter, or null.</param>
/// <param name="residual">Added to the output, or null.</param>
/// <param name="output">Images [N, H', W', filters].</param>
internal sealed unsafe class WinogradConv<T>(WinogradTiles tiles, float* input, int channels, float* packed,
    int filters, float* bias, float* residual, float* output) where T : struct, IWinograd
{
    // Small weights stay in the second or third cache: every task takes a block of tiles through all steps.
    // Large ones would be fetched anew for every block: all tasks share the steps of a large chunk of tiles instead.
    private const long LargeWeight = 4 << 20, ChunkBytes = 32 << 20;
    private const int LargestBlock = 24, SmallestBlock = 12, WantedBlocks = 8;
    private const int TilesOfTransform = 4, PanelsOfProduct = 8;

    private static readonly int points = T.Inputs * T.Inputs;

    private readonly int panels = Panels.Count(filters);
    private readonly nint inputStride = Blocks.Stride(channels), productStride = Blocks.Stride(filters);
    private float* zeros;

    /// <summary>Convolves.</summary>
    public void Run(CpuDevice device)
    {
        using var scratch = new Scratch(device, channels * sizeof(float));
        zeros = scratch.F32;
        new Span<float>(zeros, channels).Clear();
        var count = tiles.Count;
        var weightBytes = WinogradWeights<T>.Floats(channels, filters) * sizeof(float);
        if (count >= WantedBlocks * SmallestBlock && weightBytes <= LargeWeight)
        {
            var even = Blocks.WholeTiles((count + WantedBlocks - 1) / WantedBlocks);
            var block = Math.Clamp(even, SmallestBlock, LargestBlock);
            device.For((count + block - 1) / block, b =>
                RunBlock(device, b * block, Math.Min(block, count - b * block)));
            return;
        }
        var (inputPlane, productPlane) = Planes(Tile.Rows);
        var longest = (int)Math.Max(1, ChunkBytes / (points * (inputPlane + productPlane) * sizeof(float))) * Tile.Rows;
        var chunks = (count + longest - 1) / longest;
        var chunk = Blocks.WholeTiles((count + chunks - 1) / chunks);
        for (var first = 0; first < count; first += chunk) RunChunk(device, first, Math.Min(chunk, count - first));
    }

    private void RunBlock(CpuDevice device, int first, int count)
    {
        var (inputPlane, productPlane) = Planes(count);
        using var scratch = new Scratch(device, points * (inputPlane + productPlane) * sizeof(float));
        float* inputs = scratch.F32, products = inputs + points * inputPlane;
        TransformInputs(first, count, inputs, inputPlane, Blocks.WholeTiles(count) - count);
        for (var point = 0; point < points; point++)
            Multiply(point, 0, panels, Blocks.WholeTiles(count), inputs + point * inputPlane,
                products + point * productPlane);
        TransformProducts(first, count, products, productPlane);
    }

    private void RunChunk(CpuDevice device, int start, int count)
    {
        var (inputPlane, productPlane) = Planes(count);
        using var scratch = new Scratch(device, points * (inputPlane + productPlane) * sizeof(float));
        float* inputs = scratch.F32, products = inputs + points * inputPlane;
        var tasks = (count + TilesOfTransform - 1) / TilesOfTransform;
        device.For(tasks, t =>
        {
            var first = t * TilesOfTransform;
            TransformInputs(start + first, Math.Min(TilesOfTransform, count - first), inputs + first * inputStride,
                inputPlane, t == tasks - 1 ? Blocks.WholeTiles(count) - count : 0);
        });
        var groups = (panels + PanelsOfProduct - 1) / PanelsOfProduct;
        device.For(points * groups, t =>
        {
            var (point, group) = (t / groups, t % groups);
            Multiply(point, group * PanelsOfProduct, Math.Min(panels, (group + 1) * PanelsOfProduct),
                Blocks.WholeTiles(count), inputs + point * inputPlane, products + point * productPlane);
        });
        device.For(tasks, t =>
        {
            var first = t * TilesOfTransform;
            TransformProducts(start + first, Math.Min(TilesOfTransform, count - first),
                products + first * productStride, productPlane);
        });
    }

    // Rows of one point lie together. An odd number of cache lines between points, so that the 36 stores of one
    // transform fall into different sets of the cache.
    private (nint Input, nint Product) Planes(int count)
    {
        var rows = Blocks.WholeTiles(count);
        return (Odd(rows * inputStride), Odd(rows * productStride));

        static nint Odd(nint floats) => (floats / 16 | 1) * 16;
    }

    [SkipLocalsInit]
    private void TransformInputs(int first, int count, float* to, nint plane, int unused)
    {
        var pixels = stackalloc float*[T.Inputs * T.Inputs];
        for (var i = 0; i < count; i++)
        {
            tiles.InputPixels(first + i, input, channels, zeros, pixels);
            WinogradTransforms<T>.Input(pixels, channels, to + i * inputStride, plane);
        }
        // Rows that fill the last tile of the product up.
        for (var i = count; i < count + unused; i++)
            for (var point = 0; point < points; point++)
                new Span<float>(to + point * plane + i * inputStride, channels).Clear();
    }

    private void Multiply(int point, int firstPanel, int lastPanel, int rows, float* inputs, float* products)
    {
        var weights = packed + point * WinogradWeights<T>.Plane(channels, filters);
        var part = Blocks.Part(channels);
        for (var k = 0; k < channels; k += part)
        {
            var depth = Math.Min(part, channels - k);
            for (var p = firstPanel; p < lastPanel; p++)
            {
                var panel = weights + ((nint)p * channels + k) * Tile.Columns;
                for (var r = 0; r < rows; r += Tile.Rows)
                    Tile.Multiply(depth, inputs + r * inputStride + k, inputStride, panel, Tile.Columns,
                        products + r * productStride + p * Tile.Columns, productStride, k > 0);
            }
        }
    }

    private void TransformProducts(int first, int count, float* products, nint plane)
    {
        for (var i = 0; i < count; i++)
            WinogradTransforms<T>.Output(products + i * productStride, plane, filters,
                tiles.Target(first + i, output, residual, bias, filters));
    }
}
