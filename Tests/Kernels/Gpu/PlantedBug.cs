using System.Globalization;
using System.Text.RegularExpressions;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>A mistake in a kernel's text.</summary>
/// <param name="Kind">What kind of mistake.</param>
/// <param name="Line">The line before.</param>
/// <param name="Changed">The line with the mistake.</param>
/// <param name="Text">The text with it.</param>
internal sealed partial record PlantedBug(string Kind, string Line, string Changed, string Text)
{
    private static readonly (string Kind, Func<string, string?> Plant)[] kinds =
    [
        ("barrier removed", line => BarrierLine().IsMatch(line) ? "" : null),
        ("operands swapped", Swapped),
        ("shuffle's lane changed", line => Numbered(Shuffle().Match(line), line, lane => lane == 1 ? 2 : lane / 2)),
        ("stride changed", line => Numbered(Stride().Match(line), line, stride => stride + 1)),
        ("bound dropped", line => Conditional().IsMatch(line) ? "" : null),
        ("bound weakened", Weakened),
    ];

    /// <summary>Mistakes in a text: of every kind at the first, the middle and the last place that it fits.</summary>
    public static IEnumerable<PlantedBug> In(string text)
    {
        var lines = text.Split('\n');
        foreach (var (kind, plant) in kinds)
        {
            var fits = Enumerable.Range(0, lines.Length).Where(i => plant(lines[i]) is not null).ToList();
            if (fits.Count == 0) continue;
            foreach (var at in new[] { fits[0], fits[fits.Count / 2], fits[^1] }.Distinct())
            {
                var changed = plant(lines[at])!;
                yield return new PlantedBug(kind, lines[at].Trim(), changed.Trim(),
                    string.Join('\n', [.. lines[..at], changed, .. lines[(at + 1)..]]));
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind}: {Line} -> {Changed}";

    // sub, shl, div, rem: the order counts. mad: a product's factor for what is added.
    private static string? Swapped(string line)
    {
        var two = Ordered().Match(line);
        if (two.Success && two.Groups[2].Value != two.Groups[3].Value)
            return $"{two.Groups[1].Value}{two.Groups[3].Value}, {two.Groups[2].Value};";
        var three = Mad().Match(line);
        return three.Success && three.Groups[2].Value != three.Groups[3].Value
            ? $"{three.Groups[1].Value}{three.Groups[3].Value}, {three.Groups[2].Value};" : null;
    }

    private static string? Numbered(Match found, string line, Func<int, int> change)
    {
        if (!found.Success) return null;
        var number = found.Groups[1];
        var value = int.Parse(number.ValueSpan, CultureInfo.InvariantCulture);
        return line[..number.Index] + change(value).ToString(CultureInfo.InvariantCulture)
            + line[(number.Index + number.Length)..];
    }

    private static string? Weakened(string line)
    {
        var found = Comparison().Match(line);
        if (!found.Success) return null;
        var name = found.Groups[1];
        var other = name.Value switch { "lt" => "le", "le" => "lt", "gt" => "ge", _ => "gt" };
        return line[..name.Index] + other + line[(name.Index + name.Length)..];
    }

    [GeneratedRegex(@"^\s*bar(rier)?\.(cta\.)?sync")]
    private static partial Regex BarrierLine();

    [GeneratedRegex(@"^(\s*(?:sub|div|rem)\.[su](?:32|64)\s+%\w+,\s*)(%\w+),\s*(%\w+);")]
    private static partial Regex Ordered();

    [GeneratedRegex(@"^(\s*mad\.lo\.[su](?:32|64)\s+%\w+,\s*%\w+,\s*)(%\w+),\s*(%\w+);")]
    private static partial Regex Mad();

    [GeneratedRegex(@"shfl\.sync\.\w+\.b32\s+[^,]+,\s*%\w+,\s*(\d+),")]
    private static partial Regex Shuffle();

    [GeneratedRegex(@"^\s*(?:mul|mad)\.(?:lo|wide)\.[su](?:32|64)\s+%\w+,\s*%\w+,\s*(\d+)[,;]")]
    private static partial Regex Stride();

    [GeneratedRegex(@"^\s*@!?%\w+\s+bra\s")]
    private static partial Regex Conditional();

    [GeneratedRegex(@"setp\.(lt|le|gt|ge)\.[su](?:32|64)\s")]
    private static partial Regex Comparison();
}
