using System.Globalization;

namespace Diffract.Engine.Sim;

/// <summary>One operand as it stands in the text: a name or a number, an address with its offset, or a list in braces.
/// </summary>
/// <param name="Text">The name or number; of an address, that of its base.</param>
internal sealed record PtxOperand(string Text)
{
    private static CultureInfo Invariant => CultureInfo.InvariantCulture;

    /// <summary>True for <c>[base+offset]</c>.</summary>
    public bool IsAddress { get; init; }

    /// <summary>What is added to an address's base, in bytes.</summary>
    public long Offset { get; init; }

    /// <summary>The parts of <c>{a, b}</c> or of <c>[a, {b, c}]</c>; empty for others.</summary>
    public IReadOnlyList<PtxOperand> Parts { get; init; } = [];

    /// <summary>Takes an operand's text apart, with names as <paramref name="rename"/> knows them.</summary>
    public static PtxOperand Parse(string text, Func<string, string> rename)
    {
        text = text.Trim();
        if (text.StartsWith('{'))
            return new(text) { Parts = [.. PtxText.Split(text[1..^1]).Select(p => Parse(p, rename))] };
        if (!text.StartsWith('[')) return new(Renamed(text, rename));
        var inner = PtxText.Split(text[1..^1]);
        if (inner.Count > 1) return new(text) { IsAddress = true, Parts = [.. inner.Select(p => Parse(p, rename))] };
        var at = inner[0];
        var plus = at.IndexOf('+', StringComparison.Ordinal);
        return plus < 0
            ? new(rename(at)) { IsAddress = true }
            : new(rename(at[..plus].Trim()))
            {
                IsAddress = true,
                Offset = long.Parse(at[(plus + 1)..].Trim(), NumberStyles.AllowLeadingSign, Invariant),
            };
    }

    // A name may stand negated, or be one of a pair: !p, d|p.
    private static string Renamed(string text, Func<string, string> rename) => text.StartsWith('!')
        ? "!" + rename(text[1..])
        : string.Join('|', text.Split('|').Select(rename));

    /// <summary>The bits of a number; false for a name.</summary>
    public bool TryNumber(out ulong bits)
    {
        bits = 0;
        if (Text.Length == 0) return false;
        if (Text.StartsWith("0f", StringComparison.OrdinalIgnoreCase) && Text.Length == 10
            || Text.StartsWith("0d", StringComparison.OrdinalIgnoreCase) && Text.Length == 18
            || Text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return ulong.TryParse(Text.AsSpan(2).TrimEnd('U'), NumberStyles.HexNumber, Invariant, out bits);
        if (Text[0] == '-' && long.TryParse(Text, NumberStyles.AllowLeadingSign, Invariant, out var negative))
        {
            bits = (ulong)negative;
            return true;
        }
        return ulong.TryParse(Text.AsSpan().TrimEnd('U'), NumberStyles.None, Invariant, out bits);
    }
}
