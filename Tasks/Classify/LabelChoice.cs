using System.Globalization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Which images have labels that training may use: learning from few labels.</summary>
public static class LabelChoice
{
    /// <summary>Positions of the images, ascending.</summary>
    /// <param name="source">Labelled images.</param>
    /// <param name="choice">A share of each class, rounded, but at least one image (<c>0.01</c>, <c>10%</c>); or a text
    /// file with the name of an image on each line, with or without its folders; null for all.</param>
    /// <param name="seed">Of a share. A smaller share with the same seed is a part of a larger one.</param>
    /// <exception cref="DiffractException">It is neither, or the file names an image that is not there.</exception>
    public static IReadOnlyList<int> Items(IFeatureSource source, string? choice, ulong seed)
    {
        if (choice is null) return [.. Enumerable.Range(0, source.Count)];
        if (Share(choice) is { } share) return OfEachClass(source, share, seed);
        if (File.Exists(choice)) return Listed(source, choice);
        throw new DiffractException($"--labels takes a share of each class (0.01, or 1%) or a file that lists images, "
            + $"found '{choice}'");
    }

    private static double? Share(string text)
    {
        var isPercent = text.EndsWith('%');
        return double.TryParse(isPercent ? text[..^1] : text, NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture, out var number) && number / (isPercent ? 100 : 1) is > 0 and <= 1 and var share
            ? share
            : null;
    }

    private static int[] OfEachClass(IFeatureSource source, double share, ulong seed)
    {
        var generator = new Generator(seed).Split(5);
        var kept = new List<int>();
        foreach (var members in Enumerable.Range(0, source.Count).GroupBy(source.Label))
        {
            var all = members.ToArray();
            var count = Math.Max(1, (int)Math.Round(share * all.Length));
            kept.AddRange(generator.Split((ulong)members.Key).Permutation(all.Length).Take(count).Select(i => all[i]));
        }
        return [.. kept.Order()];
    }

    private static int[] Listed(IFeatureSource source, string path)
    {
        var whole = new Dictionary<string, int>(StringComparer.Ordinal);
        var bare = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < source.Count; i++)
        {
            whole[source.Id(i)] = i;
            // -1 marks a bare name that several folders have.
            var name = Path.GetFileName(source.Id(i));
            bare[name] = bare.ContainsKey(name) ? -1 : i;
        }
        var kept = new SortedSet<int>();
        foreach (var (number, name) in File.ReadLines(path).Select((line, i) => (i + 1, line.Trim())))
        {
            if (name.Length == 0) continue;
            if (!whole.TryGetValue(name, out var item) && !bare.TryGetValue(name, out item))
                throw new DiffractException($"{path}: line {number}: there is no image '{name}'");
            if (item < 0)
                throw new DiffractException($"{path}: line {number}: several folders have an image '{name}'; name its "
                    + "folder too");
            kept.Add(item);
        }
        return kept.Count > 0 ? [.. kept] : throw new DiffractException($"{path} lists no images");
    }
}
