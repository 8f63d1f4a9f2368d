namespace Diffract.Kernels;

/// <summary>A grid of pixels of channels-last images: position (n, i, j) is pixel (i * step + phase) of image n.
/// </summary>
/// <param name="images">First channel of the group in the first pixel.</param>
/// <param name="residual">The same place in what is added, or null.</param>
/// <param name="size">Height and width of the images.</param>
/// <param name="pixelStride">Floats between pixels.</param>
/// <param name="grid">Positions (i, j) of one image.</param>
/// <param name="step">Pixels between positions.</param>
/// <param name="phase">Pixel of position (0, 0).</param>
internal readonly unsafe struct TargetGrid(
    float* images, float* residual, Pair size, int pixelStride, Pair grid, Pair step, Pair phase) : ITarget
{
    public float* Row(long row, out float* added)
    {
        var (line, j) = ((int)(row / grid.W), (int)(row % grid.W));
        var (n, i) = (line / grid.H, line % grid.H);
        var pixel = ((long)n * size.H + i * step.H + phase.H) * size.W + j * step.W + phase.W;
        added = residual is null ? null : residual + pixel * pixelStride;
        return images + pixel * pixelStride;
    }
}
