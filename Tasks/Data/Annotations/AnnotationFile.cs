using System.Globalization;

namespace Diffract.Tasks;

/// <summary>Reads text files of annotations line by line, and says where they are wrong.</summary>
internal static class AnnotationFile
{
    /// <summary>The whole content of a file.</summary>
    /// <exception cref="DatasetException">It is missing or cannot be read.</exception>
    public static byte[] Bytes(string path) => Reading(path, File.ReadAllBytes);

    /// <summary>The lines that are not empty, without blanks at their ends.</summary>
    /// <exception cref="DatasetException">The file is missing or cannot be read.</exception>
    public static IReadOnlyList<(AnnotationPlace Place, string Text)> Lines(string path) =>
        [.. Reading(path, File.ReadAllLines).Select((line, i) => (new AnnotationPlace(path, i + 1), line.Trim()))
            .Where(line => line.Item2.Length > 0)];

    /// <summary>The lines of a table "key value": the key up to the first blank, the value all that follows.</summary>
    /// <exception cref="DatasetException">A line has no value, or a key is there twice.</exception>
    public static OrderedDictionary<string, (AnnotationPlace Place, string Text)> Table(string path)
    {
        var table = new OrderedDictionary<string, (AnnotationPlace, string)>();
        foreach (var (place, text) in Lines(path))
        {
            var blank = text.IndexOfAny([' ', '\t']);
            if (blank < 0) throw place.Fault($"a key and a value are expected, found '{text}'");
            if (!table.TryAdd(text[..blank], (place, text[blank..].Trim())))
                throw place.Fault($"'{text[..blank]}' is there twice");
        }
        return table;
    }

    /// <summary>The position of each name in a list of them.</summary>
    /// <exception cref="DatasetException">A name is there twice.</exception>
    public static Dictionary<string, int> Positions(IReadOnlyList<(AnnotationPlace Place, string Text)> names)
    {
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (i, (place, name)) in names.Index())
            if (!positions.TryAdd(name, i))
                throw place.Fault($"'{name}' is in line {names[positions[name]].Place.Number} already");
        return positions;
    }

    /// <summary>A whole number in a range.</summary>
    /// <exception cref="DatasetException">It is none, or outside the range.</exception>
    public static int Integer(AnnotationPlace place, string text, string what, int least, int most)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            throw place.Fault($"{what} is a whole number, found '{text}'");
        return InRange(place, number, what, least, most);
    }

    /// <summary>The number, if it is in a range.</summary>
    /// <exception cref="DatasetException">It is not.</exception>
    public static int InRange(AnnotationPlace place, int number, string what, int least, int most) =>
        number >= least && number <= most ? number
            : throw place.Fault($"{what} goes from {least} to {most}, found {number}");

    private static T Reading<T>(string path, Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DatasetException($"{path}: there is no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{path}: the file cannot be read ({e.Message})", e);
        }
    }
}
