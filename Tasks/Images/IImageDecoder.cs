namespace Diffract.Tasks;

/// <summary>Turns the bytes of an image file into pixels. The one seam between this library and an image package: the
/// file that implements it is the only one that may name the package.</summary>
/// <remarks><para>A decoder is called by <see cref="ImageFile"/>, which has recognised the format, bounded the size,
/// checked that the file is whole, and turns the result upright afterwards. Decoders are called from many threads at
/// once.</para>
/// <para>Colours follow Pillow's <c>convert("RGB")</c>: alpha is dropped without blending, a palette is expanded (the
/// transparent entry to its own colour), grey is repeated, the upper byte of 16-bit samples is kept, CMYK and YCCK are
/// read as Adobe writes them (inverted) and become R = C * K / 255 of the stored values. One deliberate difference:
/// Pillow clips 16-bit grey at 255, which turns such pictures white; here the upper byte is kept there too.</para>
/// </remarks>
public interface IImageDecoder
{
    /// <summary>Decodes a whole file; of an animation the first frame.</summary>
    /// <param name="file">The bytes of a jpg, png, gif or bmp file; not changed.</param>
    /// <param name="header">What the file says of itself.</param>
    /// <returns>The pixels as stored, without regard to an orientation tag.</returns>
    /// <exception cref="Exception">Any exception says that the file is corrupt; its message is shown.</exception>
    Image Decode(byte[] file, ImageHeader header);
}
