namespace Diffract.Tasks;

/// <summary>The kinds of image file that can be read. The content decides, not the name's extension.</summary>
public enum ImageFormat
{
    /// <summary>Baseline and progressive JPEG with 8-bit samples: grey, YCbCr, RGB, CMYK, YCCK.</summary>
    Jpeg,

    /// <summary>PNG of every colour type and bit depth, interlaced or not.</summary>
    Png,

    /// <summary>GIF; the first frame of an animation.</summary>
    Gif,

    /// <summary>Uncompressed Windows bitmap.</summary>
    Bmp,
}
