namespace Diffract.Tasks;

/// <summary>A table of pictures in one, with a label over each column and before each row.</summary>
internal static class LabelledSheet
{
    private const int Gap = 4;
    private const int BandGap = 10;
    private const int Margin = 8;

    /// <summary>Lays pictures of one size out in a table.</summary>
    /// <param name="columns">Labels of the columns: digits, small letters, spaces.</param>
    /// <param name="rows">Label and pictures of each row.</param>
    /// <param name="band">Rows that belong together; a wider gap follows them.</param>
    public static Image Make(IReadOnlyList<string> columns, IReadOnlyList<(string Label, Image[] Pictures)> rows,
        int band)
    {
        var (cellWidth, cellHeight) = (rows[0].Pictures[0].Width, rows[0].Pictures[0].Height);
        var pitch = Math.Max(cellWidth, columns.Max(PixelFont.Width)) + Gap;
        var left = Margin + rows.Max(r => PixelFont.Width(r.Label)) + Margin;
        var top = Margin + PixelFont.Height + Margin / 2;
        var bands = (rows.Count - 1) / band;
        var sheet = new Image(left + columns.Count * pitch - Gap + Margin,
            top + rows.Count * (cellHeight + Gap) - Gap + bands * (BandGap - Gap) + Margin);
        Array.Fill(sheet.Pixels, (byte)255);
        for (var c = 0; c < columns.Count; c++)
            PixelFont.Write(sheet, columns[c],
                left + c * pitch + (pitch - Gap - PixelFont.Width(columns[c])) / 2, Margin);
        for (var r = 0; r < rows.Count; r++)
        {
            var y = top + r * (cellHeight + Gap) + r / band * (BandGap - Gap);
            PixelFont.Write(sheet, rows[r].Label, Margin, y + (cellHeight - PixelFont.Height) / 2);
            for (var c = 0; c < rows[r].Pictures.Length; c++)
                Paste(rows[r].Pictures[c], sheet, left + c * pitch + (pitch - Gap - cellWidth) / 2, y);
        }
        return sheet;
    }

    private static void Paste(Image picture, Image sheet, int left, int top)
    {
        for (var y = 0; y < picture.Height; y++)
            picture.Row(y).CopyTo(sheet.Row(top + y)[(left * Image.Channels)..]);
    }
}
