namespace Diffract.Kernels;

/// <summary>One of Winograd's minimal filtering algorithms F(m x m, 3 x 3) (Lavin and Gray 2015,
/// https://arxiv.org/abs/1509.09308): m x m outputs from (m + 2) x (m + 2) inputs with one multiplication a point
/// instead of nine an output. Transforms work on eight channels at a time.</summary>
internal unsafe interface IWinograd
{
    /// <summary>m: outputs of a tile along an axis.</summary>
    static abstract int Outputs { get; }

    /// <summary>m + 2: inputs of a tile along an axis.</summary>
    static abstract int Inputs { get; }

    /// <summary>Bᵀ d B of one tile.</summary>
    /// <param name="pixels">Addresses of the tile's inputs, row-major; pixels outside of the image lead to
    /// zeros.</param>
    /// <param name="channels">Channels, a multiple of 8.</param>
    /// <param name="to">The tile's row in the first point's plane.</param>
    /// <param name="plane">Floats between points.</param>
    static abstract void Input(float** pixels, nint channels, float* to, nint plane);

    /// <summary>Aᵀ m A of one tile, plus bias and residual.</summary>
    /// <param name="from">The tile's row in the first point's plane.</param>
    /// <param name="plane">Floats between points.</param>
    /// <param name="channels">Channels, a multiple of 8.</param>
    /// <param name="target">Where the outputs go.</param>
    static abstract void Output(float* from, nint plane, nint channels, in WinogradTarget target);

    /// <summary>G g Gᵀ of eight filters.</summary>
    /// <param name="taps">The nine elements, [tap][8].</param>
    /// <param name="flip">True to read them in reverse: rotated by half a turn.</param>
    /// <param name="to">The first point.</param>
    /// <param name="plane">Floats between points.</param>
    static abstract void Weight(float* taps, bool flip, float* to, nint plane);

    /// <summary>A dy Aᵀ of one tile: the transpose of <see cref="Output"/>.</summary>
    /// <param name="pixels">Addresses of the tile's outputs, row-major.</param>
    /// <param name="channels">Channels, a multiple of 8.</param>
    /// <param name="to">The tile's row in the first point's plane.</param>
    /// <param name="plane">Floats between points.</param>
    static abstract void OutputGradient(float** pixels, nint channels, float* to, nint plane);

    /// <summary>Gᵀ u G of eight filters: the transpose of <see cref="Weight"/>.</summary>
    /// <param name="from">The first point.</param>
    /// <param name="plane">Floats between points.</param>
    /// <param name="taps">Where the nine elements go, [tap][8].</param>
    static abstract void WeightGradient(float* from, nint plane, float* taps);
}

/// <summary>Where a tile's outputs go.</summary>
/// <param name="y">First channel of the tile's first output.</param>
/// <param name="residual">The same place in what is added, or null.</param>
/// <param name="bias">One value a channel, or null.</param>
/// <param name="row">Floats between rows of the image.</param>
/// <param name="pixel">Floats between pixels.</param>
/// <param name="rows">Rows of the tile inside the image.</param>
/// <param name="columns">Columns of the tile inside the image.</param>
internal readonly unsafe struct WinogradTarget(
    float* y, float* residual, float* bias, nint row, nint pixel, int rows, int columns)
{
    public readonly float* Y = y, Residual = residual, Bias = bias;
    public readonly nint Row = row, Pixel = pixel;
    public readonly int Rows = rows, Columns = columns;
}
