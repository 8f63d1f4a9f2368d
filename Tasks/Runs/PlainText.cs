namespace Diffract.Tasks;

/// <summary>Text that came from a file nobody vouches for, made fit for a terminal or a log: control characters could
/// move the cursor or change colours.</summary>
public static class PlainText
{
    private const int Longest = 200;

    /// <summary>On one line, without control characters, abridged.</summary>
    public static string Line(string text)
    {
        var clean = string.Concat(text.Take(Longest).Select(c => char.IsControl(c) ? '?' : c));
        return text.Length <= Longest ? clean : clean + "...";
    }
}
