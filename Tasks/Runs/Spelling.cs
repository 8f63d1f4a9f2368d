namespace Diffract.Tasks;

/// <summary>Finds what a misspelt word was meant to be.</summary>
internal static class Spelling
{
    /// <summary>The end of a sentence about an unknown word: <c>; did you mean 'x'?</c>, or nothing.</summary>
    public static string Hint(IEnumerable<string> known, string word) =>
        Nearest(known, word) is { } near ? $"; did you mean '{near}'?" : "";

    /// <summary>The known word that takes the fewest edits, if that is few for its length.</summary>
    public static string? Nearest(IEnumerable<string> known, string word)
    {
        var best = known.Select(k => (Word: k, Edits: Edits(k, word))).OrderBy(k => k.Edits).FirstOrDefault();
        return best.Word is not null && best.Edits <= Math.Max(1, word.TrimStart('-').Length / 3) + 1
            && best.Edits < word.TrimStart('-').Length ? best.Word : null;
    }

    /// <summary>Insertions, removals, replacements and swaps of neighbours that turn one word into the other.</summary>
    private static int Edits(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, replaced);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
