namespace Diffract.Tasks;

/// <summary>What an image file says of itself, read without decoding it.</summary>
/// <param name="Format">The kind of file.</param>
/// <param name="Width">Pixels in a row, as stored (before the orientation is applied).</param>
/// <param name="Height">Rows, as stored.</param>
/// <param name="Orientation">How to turn the stored pixels upright.</param>
/// <param name="End">Number of bytes up to the end of the image; what follows is not part of it.</param>
public sealed record ImageHeader(ImageFormat Format, int Width, int Height, Orientation Orientation, int End)
{
    /// <summary>Number of pixels.</summary>
    public long Pixels => (long)Width * Height;
}
