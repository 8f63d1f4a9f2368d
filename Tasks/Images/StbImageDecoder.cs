using StbImageSharp;

namespace Diffract.Tasks;

/// <summary>Decodes with StbImageSharp, a managed port of the public-domain stb_image. Only this file names it.
/// </summary>
/// <remarks>Where stb_image differs from the colours that <see cref="IImageDecoder"/> promises, the difference is
/// made up here: CMYK without Adobe's segment, and pixels that a GIF does not draw.</remarks>
public sealed class StbImageDecoder : IImageDecoder
{
    // "Adobe", version 100, no flags, colours stored as they are (transform 0).
    private static ReadOnlySpan<byte> AdobeCmyk =>
        [0xFF, 0xEE, 0, 14, (byte)'A', (byte)'d', (byte)'o', (byte)'b', (byte)'e', 0, 100, 0, 0, 0, 0, 0];

    /// <inheritdoc/>
    public Image Decode(byte[] file, ImageHeader header) => header.Format switch
    {
        ImageFormat.Jpeg => DecodeJpeg(header.End == file.Length ? file : file[..header.End]),
        ImageFormat.Gif => DecodeGif(file),
        _ => Rgb(file),
    };

    private static Image Rgb(byte[] file)
    {
        var decoded = ImageResult.FromMemory(file, ColorComponents.RedGreenBlue);
        return new Image(decoded.Width, decoded.Height, decoded.Data);
    }

    /// <summary>stb_image takes four components without Adobe's segment for YCbCr with alpha; they are CMYK.</summary>
    private static Image DecodeJpeg(byte[] file)
    {
        var facts = JpegHeader.Read(file);
        if (facts.Components != 4 || facts.HasAdobe) return Rgb(file);
        return Rgb([.. file[..2], .. AdobeCmyk, .. file[2..]]);
    }

    /// <summary>stb_image leaves transparent pixels and those outside the frame empty; they take the colour of the
    /// transparent palette entry, or of entry 0 when there is none.</summary>
    private static Image DecodeGif(byte[] file)
    {
        const int backgroundIndex = 11;
        var facts = GifHeader.Read(file);
        var copy = file[..facts.Header.End];
        copy[backgroundIndex] = 0;
        var decoded = ImageResult.FromMemory(copy, ColorComponents.RedGreenBlueAlpha).Data;
        var entry = facts.Transparent >= 0 && facts.Transparent < facts.Colours ? facts.Transparent : 0;
        var undrawn = file.AsSpan(facts.Palette + entry * Image.Channels, Image.Channels);
        var image = new Image(facts.Header.Width, facts.Header.Height);
        for (int from = 0, to = 0; from < decoded.Length; from += 4, to += Image.Channels)
        {
            var drawn = decoded[from + 3] != 0;
            (drawn ? decoded.AsSpan(from, Image.Channels) : undrawn).CopyTo(image.Pixels.AsSpan(to));
        }
        return image;
    }
}
