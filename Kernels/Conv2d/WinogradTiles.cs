namespace Diffract.Kernels;

/// <summary>The tiles that cover the outputs of a batch of images, and where each one's pixels are.</summary>
/// <param name="outputs">Outputs of a tile along an axis.</param>
/// <param name="inputs">Inputs of a tile along an axis.</param>
/// <param name="batch">Number of images.</param>
/// <param name="inputSize">Height and width of the input.</param>
/// <param name="outputSize">Height and width of the output.</param>
/// <param name="padding">Zeros around the input.</param>
internal readonly unsafe struct WinogradTiles(
    int outputs, int inputs, int batch, Pair inputSize, Pair outputSize, Pair padding)
{
    private readonly int across = (outputSize.W + outputs - 1) / outputs;
    private readonly int down = (outputSize.H + outputs - 1) / outputs;

    /// <summary>Number of tiles of all images.</summary>
    public int Count => batch * across * down;

    /// <summary>Addresses of a tile's input pixels; those outside of the image lead to <paramref name="zeros"/>.
    /// </summary>
    public void InputPixels(int tile, float* images, int channels, float* zeros, float** pixels)
    {
        var (n, y, x) = Position(tile);
        Pixels(images, inputSize, channels, n, y - padding.H, x - padding.W, inputs, zeros, pixels);
    }

    /// <summary>Addresses of a tile's output pixels; those outside of the image lead to <paramref name="zeros"/>.
    /// </summary>
    public void OutputPixels(int tile, float* images, int channels, float* zeros, float** pixels)
    {
        var (n, y, x) = Position(tile);
        Pixels(images, outputSize, channels, n, y, x, outputs, zeros, pixels);
    }

    /// <summary>Where a tile's outputs go.</summary>
    public WinogradTarget Target(int tile, float* images, float* residual, float* bias, int channels)
    {
        var (n, y, x) = Position(tile);
        var at = (((nint)n * outputSize.H + y) * outputSize.W + x) * channels;
        var (rows, columns) = (Math.Min(outputs, outputSize.H - y), Math.Min(outputs, outputSize.W - x));
        return new WinogradTarget(images + at, residual is null ? null : residual + at, bias,
            (nint)outputSize.W * channels, channels, rows, columns);
    }

    private (int N, int Y, int X) Position(int tile)
    {
        var (line, x) = Math.DivRem(tile, across);
        var (n, y) = Math.DivRem(line, down);
        return (n, y * outputs, x * outputs);
    }

    private static void Pixels(float* images, Pair size, int channels, int n, int y, int x, int count, float* zeros,
        float** pixels)
    {
        for (var i = 0; i < count; i++)
        {
            var inside = (uint)(y + i) < (uint)size.H;
            var row = images + (((nint)n * size.H + y + i) * size.W + x) * channels;
            for (var j = 0; j < count; j++)
                *pixels++ = inside && (uint)(x + j) < (uint)size.W ? row + (nint)j * channels : zeros;
        }
    }
}
