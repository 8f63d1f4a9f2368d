using System.Numerics;

namespace Diffract.Kernels;

/// <summary>Places of an image's grid that are fetched together, as the kernel takes it: so many along a line, so many
/// lines, and so many images, all powers of two. Boxes that stand over the grid's edge have places that are not
/// there.</summary>
internal struct HopperBox
{
    /// <summary>Places along a line, lines, and images.</summary>
    public int Width, Height, Images;

    /// <summary>Logarithms of <see cref="Width"/> and <see cref="Height"/>.</summary>
    public int WidthBits, HeightBits;

    /// <summary>Boxes along a line of the grid, along its height, and along the images.</summary>
    public int Across, Down, Deep;

    /// <summary>The first tap's pixel, seen from its place, and the way from one tap to the next: negative where the
    /// places that saw a pixel are looked for.</summary>
    public int OffsetH, OffsetW, StepH, StepW;

    /// <summary>Boxes that cover the grid.</summary>
    public readonly int Count => checked(Across * Down * Deep);

    /// <summary>The box of a number of places with which the fewest cover a grid; the widest among equals.</summary>
    /// <param name="places">Places of a box, a power of two.</param>
    /// <param name="width">Width of the grid.</param>
    /// <param name="height">Height of the grid.</param>
    /// <param name="images">Images.</param>
    public static HopperBox Of(int places, int width, int height, int images)
    {
        HopperBox best = default;
        for (var w = places; w >= 1; w /= 2)
            for (var h = places / w; h >= 1; h /= 2)
            {
                var n = places / w / h;
                HopperBox box = new()
                {
                    Width = w,
                    Height = h,
                    Images = n,
                    WidthBits = BitOperations.Log2((uint)w),
                    HeightBits = BitOperations.Log2((uint)h),
                    Across = (width + w - 1) / w,
                    Down = (height + h - 1) / h,
                    Deep = (images + n - 1) / n,
                };
                if (best.Width == 0 || box.Count < best.Count) best = box;
            }
        return best;
    }

    /// <summary>The box with what a convolution's taps see: forward, or of the gradient of the input.</summary>
    public readonly HopperBox Seeing(in MmaWindow window, bool gathers) => this with
    {
        OffsetH = gathers ? window.PaddingH : -window.PaddingH,
        OffsetW = gathers ? window.PaddingW : -window.PaddingW,
        StepH = gathers ? -window.DilationH : window.DilationH,
        StepW = gathers ? -window.DilationW : window.DilationW,
    };
}
