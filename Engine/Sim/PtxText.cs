using System.Globalization;
using System.Text.RegularExpressions;

namespace Diffract.Engine.Sim;

/// <summary>Cuts the text of a module into pieces.</summary>
internal static partial class PtxText
{
    /// <summary>The text without its comments.</summary>
    public static string WithoutComments(string text) => Comment().Replace(text, " ");

    /// <summary>The pieces between commas that stand in no bracket.</summary>
    public static List<string> Split(string text)
    {
        var pieces = new List<string>();
        int depth = 0, start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == ',' && depth == 0))
            {
                var piece = text[start..i].Trim();
                if (piece.Length > 0) pieces.Add(piece);
                start = i + 1;
            }
            else if (text[i] is '{' or '[' or '(') depth++;
            else if (text[i] is '}' or ']' or ')') depth--;
        }
        return pieces;
    }

    /// <summary>The statements of a body: declarations and instructions without their semicolons, labels with their
    /// colon, and the braces of inner blocks.</summary>
    public static List<string> Statements(string body)
    {
        var found = new List<string>();
        var i = 0;
        while (i < body.Length)
        {
            if (char.IsWhiteSpace(body[i]) || body[i] == ';') i++;
            else if (body[i] is '{' or '}') found.Add(body[i++].ToString());
            else if (Label().Match(body, i) is { Success: true } label)
            {
                found.Add(label.Groups[1].Value + ":");
                i += label.Length;
            }
            else
            {
                var end = body.IndexOf(';', i);
                if (end < 0) throw new SimException($"no semicolon after '{body[i..].Trim()}'");
                found.Add(Space().Replace(body[i..end], " ").Trim());
                i = end + 1;
            }
        }
        return found;
    }

    /// <summary>The names a register declaration makes: <c>%r&lt;3&gt;</c> makes three.</summary>
    public static IEnumerable<string> Declared(string names)
    {
        foreach (var name in Split(names))
        {
            var open = name.IndexOf('<', StringComparison.Ordinal);
            if (open < 0)
            {
                yield return name;
                continue;
            }
            var count = int.Parse(name.AsSpan(open + 1, name.Length - open - 2), CultureInfo.InvariantCulture);
            for (var i = 0; i < count; i++) yield return name[..open] + i.ToString(CultureInfo.InvariantCulture);
        }
    }

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\G([A-Za-z_$%][\w$]*)\s*:(?!:)")]
    private static partial Regex Label();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
