using System.Globalization;
using System.Text.RegularExpressions;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>A mistake in a kernel's text.</summary>
/// <param name="Kind">What kind of mistake.</param>
/// <param name="Line">The line before.</param>
/// <param name="Changed">The line with the mistake.</param>
/// <param name="Text">The text with it.</param>
/// <param name="Probe">The text without it, but with a write to nowhere where the mistake would have made a difference:
/// when that is never reached, there is no mistake. Null where that cannot be said in advance.</param>
internal sealed partial record PlantedBug(string Kind, string Line, string Changed, string Text, string? Probe)
{
    private const string Nowhere = "st.global.u32 [0], 0;";

    private static readonly (string Kind, Func<string, string?> Plant)[] kinds =
    [
        ("barrier removed", line => BarrierLine().IsMatch(line) ? "" : null),
        ("operands swapped", Swapped),
        ("shuffle's lane changed", line => Numbered(Shuffle().Match(line), line, lane => lane == 1 ? 2 : lane / 2)),
        ("stride changed", line => Numbered(Stride().Match(line), line, stride => stride + 1)),
        ("bound dropped", line => Conditional().IsMatch(line) ? "" : null),
        ("bound weakened", Weakened),
    ];

    /// <summary>Mistakes in a text: of every kind at the first and the last place that it fits.</summary>
    public static IEnumerable<PlantedBug> In(string text)
    {
        var lines = text.Split('\n');
        foreach (var (kind, plant) in kinds)
        {
            var fits = Enumerable.Range(0, lines.Length)
                .Where(i => plant(lines[i]) is not null && Matters(lines, i)).ToList();
            if (fits.Count == 0) continue;
            foreach (var at in new[] { fits[0], fits[^1] }.Distinct())
            {
                var (line, changed) = (lines[at], plant(lines[at])!);
                yield return new PlantedBug(kind, line.Trim(), changed.Trim(), With(changed),
                    ProbeOf(line, changed) is { } probe ? With(probe + "\n" + line) : null);

                string With(string other) => string.Join('\n', [.. lines[..at], other, .. lines[(at + 1)..]]);
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind}: {Line} -> {Changed}";

    // A barrier orders something when shared memory is read before the next; a comparison bounds something when a
    // branch goes by it, and not where the smaller of two numbers is chosen, which may be equal.
    private static bool Matters(string[] lines, int at)
    {
        if (BarrierLine().IsMatch(lines[at]))
            return lines.Skip(at + 1).TakeWhile(l => !BarrierLine().IsMatch(l))
                .Any(l => l.Contains("ld.shared", StringComparison.Ordinal));
        return !Comparison().IsMatch(lines[at])
            || lines.Any(l => Conditional().Match(l) is { Success: true } branch
                && branch.Groups[1].Value.TrimStart('@', '!') == Written().Match(lines[at]).Groups[1].Value);
    }

    // What stands before the line: both results are formed and compared.
    private static string? ProbeOf(string line, string changed)
    {
        if (Conditional().Match(line) is { Success: true } branch) return $"{branch.Groups[1].Value} {Nowhere}";
        var written = Written().Match(line);
        if (!written.Success) return null;
        var target = written.Groups[1];
        var isPredicate = line.TrimStart().StartsWith("setp", StringComparison.Ordinal);
        string Into(string text, string name) =>
            text[..target.Index] + name + text[(target.Index + target.Length)..];
        return $"{{ .reg .{(isPredicate ? "pred" : "b64")} %one, %other; .reg .pred %differ; {Into(line, "%one")} "
            + Into(changed, "%other") + (isPredicate ? " xor.pred" : " setp.ne.b64")
            + $" %differ, %one, %other; @%differ {Nowhere} }}";
    }

    // sub, rem: the order counts. mad: a product's factor for what is added. A quotient is no good place: along an axis
    // of one element it does not matter.
    private static string? Swapped(string line)
    {
        var found = Ordered().Match(line);
        return found.Success && found.Groups[2].Value != found.Groups[3].Value
            ? $"{found.Groups[1].Value}{found.Groups[3].Value}, {found.Groups[2].Value};" : null;
    }

    private static string? Numbered(Match found, string line, Func<long, long> change)
    {
        if (!found.Success) return null;
        var number = found.Groups[1];
        var value = long.Parse(number.ValueSpan, CultureInfo.InvariantCulture);
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

    [GeneratedRegex(@"^(\s*(?:(?:sub|rem)\.[su]\d+|mad\.lo\.[su]\d+\s+%\w+,)\s+%\w+,\s*)(%\w+),\s*(%\w+);")]
    private static partial Regex Ordered();

    [GeneratedRegex(@"shfl\.sync\.\w+\.b32\s+[^,]+,\s*%\w+,\s*(\d+),")]
    private static partial Regex Shuffle();

    [GeneratedRegex(@"^\s*(?:mul|mad)\.(?:lo|wide)\.[su](?:32|64)\s+%\w+,\s*%\w+,\s*(\d{1,5})[,;]")]
    private static partial Regex Stride();

    [GeneratedRegex(@"^\s*(@!?%\w+)\s+bra\s")]
    private static partial Regex Conditional();

    [GeneratedRegex(@"^\s*setp\.(lt|le|gt|ge)\.[su](?:32|64)\s")]
    private static partial Regex Comparison();

    [GeneratedRegex(@"^\s*(?:sub|rem|mad|mul|setp)\.\S+\s+(%\w+),")]
    private static partial Regex Written();
}
