using System.Runtime.CompilerServices;
using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>One 3 x 3 convolution with stride 1 by a Winograd algorithm: transforms of the inputs, one matrix product
/// [tiles, channels] x [channels, filters] for each point, transforms of the products.</summary>
/// <param name="tiles">The tiles.</param>
/// <param name="input">Images [N, H, W, channels].</param>
/// <param name="channels">Channels of the input.</param>
/// <param name="weights">The weight.</param>
/// <param name="filters">Channels of the output.</param>
/// <param name="bias">One value a filter, or null.</param>
/// <param name="residual">Added to the output, or null.</param>
/// <param name="output">Images [N, H', W', filters].</param>
internal sealed unsafe class WinogradConv<T>(WinogradTiles tiles, float* input, int channels,
    WinogradWeights<T> weights, int filters, float* bias, float* residual, float* output) where T : struct, IWinograd
{
    // Weights that stay in the third cache: every task takes a block of tiles through all steps. Larger ones would come
    // from memory for every block: all tasks share the steps of a large chunk of tiles instead.
    private const long LargeWeight = 32 << 20;
    private const int LargeBlock = 24, SmallBlock = 12, LeastBlocks = 8, ManyBlocks = 32;
    private const int TilesOfTransform = 4, PanelsOfProduct = 8;
    private const int ManyRows = 40, PanelsOfTransform = 4;

    private static readonly int points = T.Inputs * T.Inputs;

    private readonly int panels = Panels.Count(filters);

    // The points of one tile lie together: then a transform writes into few pages, and a product reads long pieces of
    // rows that are far apart, which costs nothing.
    private readonly nint inputPlane = Blocks.Stride(channels), inputRow = points * Blocks.Stride(channels);
    private readonly nint productPlane = Blocks.Stride(filters), productRow = points * Blocks.Stride(filters);
    private float* zeros;

    /// <summary>Convolves.</summary>
    /// <param name="device">Gives threads and scratch memory.</param>
    /// <param name="packed">The weight, transformed; null to transform it on the way.</param>
    public void Run(CpuDevice device, float* packed)
    {
        using var scratch = new Scratch(device, channels * sizeof(float));
        zeros = scratch.F32;
        new Span<float>(zeros, channels).Clear();
        var count = tiles.Count;
        var bytes = WinogradWeights<T>.Floats(channels, panels) * sizeof(float);
        var inBlocks = count >= LeastBlocks * SmallBlock && bytes <= LargeWeight;
        var chunks = inBlocks ? 0 : WinogradChunks.Count(count, points, channels, filters);
        if (packed is not null || chunks == 1)
        {
            Run(device, packed, chunks);
            return;
        }
        // Used more than once: worth transient memory. The weights of large images are not the largest ones.
        using var transformed = new Scratch(device, bytes);
        weights.Pack(device, transformed.F32);
        Run(device, transformed.F32, chunks);
    }

    // In blocks when there are no chunks.
    private void Run(CpuDevice device, float* packed, int chunks)
    {
        var count = tiles.Count;
        if (chunks == 0)
        {
            var block = count < ManyBlocks * SmallBlock ? SmallBlock : LargeBlock;
            device.For((count + block - 1) / block, b =>
                RunBlock(device, packed, b * block, Math.Min(block, count - b * block)));
            return;
        }
        var chunk = Blocks.WholeTiles((count + chunks - 1) / chunks);
        for (var first = 0; first < count; first += chunk)
            RunChunk(device, packed, first, Math.Min(chunk, count - first));
    }

    private void RunBlock(CpuDevice device, float* packed, int first, int count)
    {
        var rows = Blocks.WholeTiles(count);
        using var scratch = new Scratch(device, rows * (inputRow + productRow) * sizeof(float));
        float* inputs = scratch.F32, products = inputs + rows * inputRow;
        TransformInputs(first, count, inputs, rows - count);
        for (var point = 0; point < points; point++)
            Multiply(packed + point * PackedPlane, 0, panels, rows, inputs + point * inputPlane,
                products + point * productPlane, point + 1 < points ? packed + (point + 1) * PackedPlane : null);
        TransformProducts(first, count, products);
    }

    private void RunChunk(CpuDevice device, float* packed, int start, int count)
    {
        var rows = Blocks.WholeTiles(count);
        using var scratch = new Scratch(device, rows * (inputRow + productRow) * sizeof(float));
        float* inputs = scratch.F32, products = inputs + rows * inputRow;
        var tasks = (count + TilesOfTransform - 1) / TilesOfTransform;
        device.For(tasks, t =>
        {
            var first = t * TilesOfTransform;
            TransformInputs(start + first, Math.Min(TilesOfTransform, count - first), inputs + first * inputRow,
                t == tasks - 1 ? rows - count : 0);
        });
        if (packed is null) TransformAndMultiply(device, rows, inputs, products);
        else
        {
            var groups = (panels + PanelsOfProduct - 1) / PanelsOfProduct;
            device.For(points * groups, t =>
            {
                var (point, group) = (t / groups, t % groups);
                Multiply(packed + point * PackedPlane, group * PanelsOfProduct,
                    Math.Min(panels, (group + 1) * PanelsOfProduct), rows, inputs + point * inputPlane,
                    products + point * productPlane, null);
            });
        }
        device.For(tasks, t =>
        {
            var first = t * TilesOfTransform;
            TransformProducts(start + first, Math.Min(TilesOfTransform, count - first),
                products + first * productRow);
        });
    }

    // A task transforms a part of one panel for all points, and uses it while it is in the cache; several panels, where
    // many rows use them, so that the inputs are fetched less often.
    private void TransformAndMultiply(CpuDevice device, int rows, float* inputs, float* products)
    {
        var part = Blocks.Part(channels);
        var each = rows < ManyRows ? 1 : PanelsOfTransform;
        nint plane = WinogradWeights<T>.Plane(part, each), panel = (nint)part * Tile.Columns;
        device.For((panels + each - 1) / each, t =>
        {
            using var scratch = new Scratch(device, WinogradWeights<T>.Floats(part, each) * sizeof(float));
            for (var k = 0; k < channels; k += part)
            {
                var depth = Math.Min(part, channels - k);
                var (first, last) = (t * each, Math.Min(panels, (t + 1) * each));
                for (var p = first; p < last; p++)
                    weights.PackPanel(device, p, k, depth, scratch.F32 + (p - first) * panel, plane);
                for (var point = 0; point < points; point++)
                    for (var p = first; p < last; p++)
                        MultiplyPanel(scratch.F32 + point * plane + (p - first) * panel, k, depth, rows,
                            inputs + point * inputPlane, products + point * productPlane + p * Tile.Columns, null);
            }
        });
    }

    private nint PackedPlane => WinogradWeights<T>.Plane(channels, panels);

    [SkipLocalsInit]
    private void TransformInputs(int first, int count, float* to, int unused)
    {
        var pixels = stackalloc float*[T.Inputs * T.Inputs];
        for (var i = 0; i < count; i++)
        {
            tiles.InputPixels(first + i, input, channels, zeros, pixels);
            WinogradTransforms<T>.Input(pixels, channels, to + i * inputRow, inputPlane);
        }
        // Rows that fill the last tile of the product up.
        new Span<float>(to + count * inputRow, checked((int)(unused * inputRow))).Clear();
    }

    // One point. What is needed after it is fetched meanwhile.
    private void Multiply(
        float* packed, int firstPanel, int lastPanel, int rows, float* inputs, float* products, float* after)
    {
        var part = Blocks.Part(channels);
        for (var k = 0; k < channels; k += part)
        {
            var depth = Math.Min(part, channels - k);
            for (var p = firstPanel; p < lastPanel; p++)
            {
                var next = p + 1 < lastPanel ? Panel(p + 1, k)
                    : k + part < channels ? Panel(firstPanel, k + part) : after;
                MultiplyPanel(Panel(p, k), k, depth, rows, inputs, products + p * Tile.Columns, next);
            }
        }

        float* Panel(int p, int k) => packed + ((nint)p * channels + k) * Tile.Columns;
    }

    private void MultiplyPanel(
        float* panel, int k, int depth, int rows, float* inputs, float* products, float* next) => Tile.Multiply(rows,
            depth, inputs + k, inputRow, 1, panel, Tile.Columns, products, productRow, k > 0,
            Ahead.Panel(next, rows, depth));

    private void TransformProducts(int first, int count, float* products)
    {
        for (var i = 0; i < count; i++)
            WinogradTransforms<T>.Output(products + i * productRow, productPlane, filters,
                tiles.Target(first + i, output, residual, bias, filters));
    }
}
