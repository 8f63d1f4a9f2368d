namespace Diffract.Tasks;

/// <summary>How a pixel of a resized picture is made of those it covers; the names are Pillow's.</summary>
public enum Resampling
{
    /// <summary>The mean of the pixels covered: 1 on (-0.5, 0.5].</summary>
    Box,

    /// <summary>A triangle of half width 1.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = -0.5, half width 2 (Keys 1981, equation 15).</summary>
    Bicubic,

    /// <summary>A sinc windowed by a wider sinc, half width 3.</summary>
    Lanczos,
}
