namespace Diffract.Tasks;

/// <summary>Tables in plain text, which pipes and logs keep as they are.</summary>
public static class Columns
{
    /// <summary>Pads the cells of all rows to common widths, two spaces apart.</summary>
    /// <param name="rows">The rows, header first.</param>
    /// <param name="rightAligned">Columns of numbers.</param>
    public static IEnumerable<string> Align(IReadOnlyList<string[]> rows, params int[] rightAligned)
    {
        var columns = rows.Count == 0 ? 0 : rows.Max(row => row.Length);
        var widths = Enumerable.Range(0, columns)
            .Select(c => rows.Max(row => c < row.Length ? row[c].Length : 0)).ToArray();
        foreach (var row in rows)
            yield return string.Join("  ", row.Select((cell, c) => rightAligned.Contains(c)
                ? cell.PadLeft(widths[c])
                : cell.PadRight(widths[c]))).TrimEnd();
    }
}
