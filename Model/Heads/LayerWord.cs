using System.Globalization;

namespace Diffract.Model;

/// <summary>One word of a layer string, taken apart: <c>Attention:1024:8:4:2</c>.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Name">What comes before the first colon.</param>
/// <param name="Arguments">What comes after.</param>
internal sealed record LayerWord(string Text, string Name, string[] Arguments)
{
    public static IReadOnlyList<LayerWord> Parse(string layers)
    {
        var words = layers.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(Word).ToArray();
        return words.Length > 0 ? words : throw new ArgumentException("the layer string is empty");
    }

    private static LayerWord Word(string text)
    {
        var parts = text.Split(':', StringSplitOptions.TrimEntries);
        return new(text, parts[0], parts[1..]);
    }

    public int Integer(int index) =>
        int.TryParse(At(index), NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0
            ? value
            : throw new ArgumentException($"'{Text}': '{At(index)}' is not a positive whole number");

    public double Number(int index) =>
        double.TryParse(At(index), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value > 0
            ? value
            : throw new ArgumentException($"'{Text}': '{At(index)}' is not a positive number");

    public bool Boolean(int index) => bool.TryParse(At(index), out var value)
        ? value
        : throw new ArgumentException($"'{Text}': '{At(index)}' is neither True nor False");

    public string At(int index) => index < Arguments.Length
        ? Arguments[index]
        : throw new ArgumentException($"'{Text}' needs {index + 1} values or more, separated by colons");

    public LayerWord Takes(int count) => Arguments.Length == count
        ? this
        : throw new ArgumentException($"'{Text}' takes {count} values, found {Arguments.Length}");
}
