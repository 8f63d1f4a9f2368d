using System.Globalization;

namespace Diffract.Model;

/// <summary>The paper's choices of feedback, for networks of any depth. Where nothing else is said, decoder block b
/// feeds the encoder block that mirrors it, N + 1 - b of N blocks.</summary>
public static class FeedbackStrategy
{
    // Blocks 20 to 24 of the 37-block network.
    private const int Window = 5;

    /// <summary>What <see cref="Parse"/> knows by name.</summary>
    public static IReadOnlyList<string> Names { get; } = ["all", "bottleneck", "windowed", "multi-scale"];

    /// <summary>Every decoder block.</summary>
    public static IReadOnlyList<FeedbackLink> All(UNetPlan plan) =>
        Mirrored(plan, Enumerable.Range(plan.Mid + 1, plan.Last - plan.Mid));

    /// <summary>The next-to-last block of every decoder level: 21, 24, 27, 30, 33, 36 of 37. They never need another
    /// size.</summary>
    public static IReadOnlyList<FeedbackLink> Bottleneck(UNetPlan plan)
    {
        var perLevel = plan.Config.NumResBlocks + 1;
        return Mirrored(plan, Enumerable.Range(0, plan.Config.ChannelMult.Count)
            .Select(level => plan.Mid + level * perLevel + perLevel - 1));
    }

    /// <summary>The first five decoder blocks.</summary>
    public static IReadOnlyList<FeedbackLink> Windowed(UNetPlan plan) => Mirrored(plan, First(plan));

    /// <summary>The first five decoder blocks, all to the encoder block that mirrors the fifth: 14 of 37.</summary>
    public static IReadOnlyList<FeedbackLink> MultiScale(UNetPlan plan)
    {
        var blocks = First(plan).ToArray();
        return Checked(plan, [.. blocks.Select(b => new FeedbackLink(b, plan.Last + 1 - blocks[^1]))]);
    }

    /// <summary>Chosen decoder blocks to the encoder blocks that mirror them.</summary>
    /// <param name="plan">The network.</param>
    /// <param name="blocks">Numbers of decoder blocks, in any order.</param>
    public static IReadOnlyList<FeedbackLink> Mirrored(UNetPlan plan, IEnumerable<int> blocks) =>
        Checked(plan, [.. blocks.Select(b => new FeedbackLink(b, plan.Last + 1 - b))]);

    /// <summary>Reads a choice: one of <see cref="Names"/>, or a list of decoder blocks, each alone (<c>21</c>, to the
    /// block that mirrors it) or with the encoder block it goes to (<c>21:17</c>).</summary>
    /// <param name="text">The choice.</param>
    /// <param name="plan">The network.</param>
    /// <exception cref="ArgumentException">It is no choice, or names blocks that the network does not have.</exception>
    public static IReadOnlyList<FeedbackLink> Parse(string text, UNetPlan plan) => text switch
    {
        "all" => All(plan),
        "bottleneck" => Bottleneck(plan),
        "windowed" => Windowed(plan),
        "multi-scale" => MultiScale(plan),
        _ => Checked(plan, [.. text.Split(',', StringSplitOptions.TrimEntries).Select(word => Link(word, text, plan))]),
    };

    /// <summary>The links in ascending order of the decoder blocks, as feedback networks are numbered.</summary>
    /// <exception cref="ArgumentException">There are none, a decoder block appears twice, or a block is on the wrong
    /// side of the network.</exception>
    internal static IReadOnlyList<FeedbackLink> Checked(UNetPlan plan, IReadOnlyList<FeedbackLink> links)
    {
        if (links.Count == 0) throw new ArgumentException("feedback needs at least one decoder block");
        foreach (var (from, to) in links)
        {
            if (from <= plan.Mid || from > plan.Last)
                throw new ArgumentException($"feedback comes from decoder blocks, {plan.Mid + 1} to {plan.Last} of "
                    + $"this network; found {from}");
            if (to < 1 || to >= plan.Mid)
                throw new ArgumentException($"feedback goes to encoder blocks, 1 to {plan.Mid - 1} of this network; "
                    + $"found {to}");
        }
        if (links.DistinctBy(link => link.From).Count() < links.Count)
            throw new ArgumentException($"a decoder block feeds back once; found {string.Join(", ", links)}");
        return [.. links.OrderBy(link => link.From)];
    }

    private static IEnumerable<int> First(UNetPlan plan) =>
        Enumerable.Range(plan.Mid + 1, Math.Min(Window, plan.Last - plan.Mid));

    private static FeedbackLink Link(string word, string text, UNetPlan plan)
    {
        var parts = word.Split(':', StringSplitOptions.TrimEntries);
        var numbers = new int[parts.Length];
        for (var i = 0; i < parts.Length; i++)
            if (parts.Length > 2
                || !int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
                throw new ArgumentException($"'{text}' is no choice of feedback: take {string.Join(", ", Names)}, or "
                    + "decoder blocks with commas between them, each with the encoder block it goes to if that is not "
                    + "the one that mirrors it (21:17,24)");
        return new FeedbackLink(numbers[0], numbers.Length > 1 ? numbers[1] : plan.Last + 1 - numbers[0]);
    }
}
