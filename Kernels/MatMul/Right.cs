namespace Diffract.Kernels;

/// <summary>Where a blocked product finds the columns of its right operand.</summary>
/// <param name="data">Depth 0 of the first panel.</param>
/// <param name="panelStep">Floats between panels.</param>
/// <param name="depthStep">Floats between depths of one panel.</param>
internal readonly unsafe struct Right(float* data, nint panelStep, nint depthStep)
{
    public float* Data { get; } = data;

    public nint PanelStep { get; } = panelStep;

    public nint DepthStep { get; } = depthStep;

    /// <summary>Where a panel's depth <paramref name="k"/> is.</summary>
    public float* At(int panel, int k) => Data + panel * PanelStep + k * DepthStep;

    /// <summary>True when a panel's depths follow one another.</summary>
    public bool IsPacked => DepthStep == Tile.Columns;

    /// <summary>Packed panels, from <paramref name="panel"/> on.</summary>
    public static Right Packed(float* packed, int depth, int panel) =>
        new(packed + (nint)panel * depth * Tile.Columns, (nint)depth * Tile.Columns, Tile.Columns);

    /// <summary>A row-major matrix where it lies: good when few rows use it. Only whole panels may be read.</summary>
    public static Right Rows(float* matrix, nint stride, int panel) =>
        new(matrix + panel * Tile.Columns, Tile.Columns, stride);
}
