namespace Diffract.Tasks;

/// <summary>Many pictures in one: rows of equal cells on a light ground.</summary>
public static class ContactSheet
{
    private const byte Ground = 245;

    /// <summary>Lays pictures out from left to right, then downwards, each in the middle of its cell.</summary>
    /// <param name="images">The pictures, at least one; a cell has the size of the largest.</param>
    /// <param name="columns">Pictures in a row; 0 makes the sheet nearly square.</param>
    /// <param name="gap">Pixels between cells, and around them all.</param>
    /// <param name="zoom">How many pixels wide and high a pixel becomes.</param>
    public static Image Make(IReadOnlyList<Image> images, int columns = 0, int gap = 2, int zoom = 1)
    {
        if (images.Count == 0) throw new ArgumentException("a sheet needs at least one picture", nameof(images));
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        ArgumentOutOfRangeException.ThrowIfLessThan(zoom, 1);
        if (columns == 0) columns = (int)Math.Ceiling(Math.Sqrt(images.Count));
        columns = Math.Min(columns, images.Count);
        var rows = (images.Count + columns - 1) / columns;
        var cellWidth = zoom * images.Max(image => image.Width);
        var cellHeight = zoom * images.Max(image => image.Height);
        var sheet = new Image(gap + columns * (cellWidth + gap), gap + rows * (cellHeight + gap));
        Array.Fill(sheet.Pixels, Ground);
        for (var i = 0; i < images.Count; i++)
        {
            var left = gap + i % columns * (cellWidth + gap) + (cellWidth - zoom * images[i].Width) / 2;
            var top = gap + i / columns * (cellHeight + gap) + (cellHeight - zoom * images[i].Height) / 2;
            Paste(images[i], sheet, left, top, zoom);
        }
        return sheet;
    }

    private static void Paste(Image image, Image sheet, int left, int top, int zoom)
    {
        for (var y = 0; y < image.Height * zoom; y++)
        {
            var from = image.Row(y / zoom);
            var to = sheet.Row(top + y)[(left * Image.Channels)..];
            for (var x = 0; x < image.Width * zoom; x++)
                from.Slice(x / zoom * Image.Channels, Image.Channels).CopyTo(to[(x * Image.Channels)..]);
        }
    }
}
