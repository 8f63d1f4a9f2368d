namespace Diffract.Kernels;

/// <summary>The windows of a pooling along one axis of an image, clipped to the image. <see cref="Fixed"/> windows have
/// one length and one distance; <see cref="Adaptive"/> ones divide the axis as evenly as whole pixels allow.</summary>
public readonly record struct PoolAxis
{
    private readonly int kernel, stride, padding;

    private PoolAxis(int length, int windows, int kernel, int stride, int padding)
    {
        (In, Out) = (length, windows);
        (this.kernel, this.stride, this.padding) = (kernel, stride, padding);
    }

    /// <summary>Pixels of the image.</summary>
    public int In { get; }

    /// <summary>Windows.</summary>
    public int Out { get; }

    /// <summary>Windows of <paramref name="kernel"/> pixels, <paramref name="stride"/> apart, the first beginning
    /// <paramref name="padding"/> before the image; none reaches further than that beyond its end.</summary>
    public static PoolAxis Fixed(int length, int kernel, int stride, int padding) =>
        new(length, (length + 2 * padding - kernel) / stride + 1, kernel, stride, padding);

    /// <summary>Window i begins at floor(i · in / out) and ends before ceil((i + 1) · in / out); there may be more
    /// windows than pixels.</summary>
    public static PoolAxis Adaptive(int length, int windows) => new(length, windows, 0, 0, 0);

    /// <summary>First pixel of a window.</summary>
    public int Start(int window) => kernel > 0
        ? Math.Max(0, window * stride - padding)
        : (int)((long)window * In / Out);

    /// <summary>Pixel after a window's last.</summary>
    public int End(int window) => kernel > 0
        ? Math.Min(In, window * stride - padding + kernel)
        : (int)(((window + 1L) * In + Out - 1) / Out);

    /// <summary>What a mean over the window divides by: padding counts, as zeros.</summary>
    public int Divisor(int window) => kernel > 0 ? kernel : End(window) - Start(window);

    /// <summary>First window that covers a pixel.</summary>
    public int FirstWindow(int pixel) => kernel > 0
        ? Math.Max(0, (pixel + padding - kernel + stride) / stride)
        : (int)((long)pixel * Out / In);

    /// <summary>Window after the last that covers a pixel; not above <see cref="FirstWindow"/> when none does.
    /// </summary>
    public int EndWindow(int pixel) => kernel > 0
        ? Math.Min(Out, (pixel + padding) / stride + 1)
        : (int)(((pixel + 1L) * Out + In - 1) / In);
}
