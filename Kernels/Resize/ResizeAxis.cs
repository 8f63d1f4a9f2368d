namespace Diffract.Kernels;

/// <summary>Where the pixels of a resized axis come from.</summary>
/// <param name="In">Pixels of the source.</param>
/// <param name="Out">Pixels of the result.</param>
/// <param name="AlignCorners">True: the centres of the outermost pixels coincide. False: their outer edges do.</param>
public readonly record struct ResizeAxis(int In, int Out, bool AlignCorners)
{
    /// <summary>The source pixel at or before an output pixel's position, and the weight of the next one.</summary>
    public (int Pixel, double Next) Source(int output)
    {
        var position = AlignCorners
            ? Out > 1 ? output * (In - 1.0) / (Out - 1) : 0
            : Math.Max(0, (output + 0.5) * In / Out - 0.5);
        var pixel = Math.Min((int)position, In - 1);
        return pixel == In - 1 ? (pixel, 0) : (pixel, position - pixel);
    }
}
