using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Reads image files: jpg, png, gif (first frame) and bmp, recognised by content.</summary>
/// <remarks>A file is refused with one <see cref="ImageException"/> that names it when it is truncated, corrupt in
/// a way that can be seen, not of these formats, or larger than allowed. Sizes are checked against the length of the
/// file before memory is taken, so that a header cannot lie its way to gigabytes.</remarks>
public static class ImageFile
{
    private const long MaxFileBytes = 1L << 30;

    /// <summary>Reads a picture as 8-bit RGB; see <see cref="IImageDecoder"/> for how colours are treated.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits and choices; the defaults when left out.</param>
    /// <exception cref="ImageException">The file is missing in its folder, access to it is denied, or it is not a whole
    /// image.</exception>
    /// <exception cref="DiffractException">Something else is wrong than this file: its folder is gone, or the disk or
    /// network fails.</exception>
    public static Image Read(string path, ImageReadOptions? options = null)
    {
        byte[] file;
        try
        {
            var length = new FileInfo(path).Length;
            if (length > MaxFileBytes) throw new ImageException(path, $"{length} bytes are too many for an image");
            file = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
        return Decode(file, path, options);
    }

    // A picture that is broken stays so, and is left out. After an outage it would be there again.
    private static DiffractException Unreadable(string path, Exception e)
    {
        var isMissing = e is FileNotFoundException or DirectoryNotFoundException;
        var problem = isMissing ? "there is no such file" : $"the file cannot be read ({e.Message})";
        var isThere = HasFiles(Path.GetDirectoryName(Path.GetFullPath(path)));
        if (isThere && e is FileNotFoundException or UnauthorizedAccessException)
            return new ImageException(path, problem, e);
        if (isMissing && !isThere) problem += ", nor anything else in its folder";
        return new DiffractException($"{path}: {problem}; once images can be read again, running again (a run: with "
            + "--resume) goes on", e);
    }

    // What is left of a disk that was taken away is an empty folder.
    private static bool HasFiles(string? folder)
    {
        try
        {
            return folder is not null && Directory.EnumerateFileSystemEntries(folder).Any();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Decodes the bytes of an image file that is already in memory.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <param name="options">Limits and choices; the defaults when left out.</param>
    /// <exception cref="ImageException">The bytes are not a whole image.</exception>
    public static Image Decode(byte[] file, string name, ImageReadOptions? options = null)
    {
        options ??= ImageReadOptions.Default;
        var header = ReadHeader(file, name);
        if (header.Pixels > options.MaxPixels)
            throw new ImageException(name,
                $"{header.Width}x{header.Height} pixels exceed the {options.MaxPixels} allowed");
        Image image;
        try
        {
            image = options.Decoder.Decode(file, header);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new ImageException(name, $"the pixels of this {Name(header.Format)} image are corrupt", e);
        }
        if (image.Width != header.Width || image.Height != header.Height)
            throw new ImageException(name, $"the header says {header.Width}x{header.Height}, the pixels are {image}");
        return options.ApplyOrientation ? image.Upright(header.Orientation) : image;
    }

    /// <summary>Reads what an image file says of itself, and checks that its structure is whole, without decoding it.
    /// </summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="ImageException">The bytes are not a whole image.</exception>
    public static ImageHeader ReadHeader(ReadOnlySpan<byte> file, string name)
    {
        if (file.IsEmpty) throw new ImageException(name, "the file is empty");
        if (Recognise(file) is not { } format)
            throw new ImageException(name, "this is not a jpg, png, gif or bmp image");
        try
        {
            return format switch
            {
                ImageFormat.Jpeg => JpegHeader.Read(file).Header,
                ImageFormat.Png => PngHeader.Read(file),
                ImageFormat.Gif => GifHeader.Read(file).Header,
                _ => BmpHeader.Read(file),
            };
        }
        catch (InvalidDataException e)
        {
            throw new ImageException(name, $"not a whole {Name(format)} image: {e.Message}", e);
        }
    }

    private static ImageFormat? Recognise(ReadOnlySpan<byte> file) =>
        file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? ImageFormat.Jpeg
        : file.StartsWith(PngHeader.Signature) ? ImageFormat.Png
        : file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8) ? ImageFormat.Gif
        : file.StartsWith("BM"u8) ? ImageFormat.Bmp
        : null;

    private static string Name(ImageFormat format) => format.ToString().ToLowerInvariant();
}
