namespace Diffract.Model;

/// <summary>Which results of a forward to keep. The forward stops after the last one.</summary>
public sealed class Taps
{
    private readonly SortedSet<int> blocks;

    private Taps(IEnumerable<int> blocks, bool output)
    {
        this.blocks = [.. blocks];
        HasOutput = output;
    }

    /// <summary>Only what the network puts out in the end.</summary>
    public static Taps Output { get; } = new([], true);

    /// <summary>The outputs of some blocks, counted from 1, and nothing else.</summary>
    /// <exception cref="ArgumentException">None is named.</exception>
    public static Taps At(params IEnumerable<int> blocks)
    {
        var taps = new Taps(blocks, false);
        return taps.blocks.Count > 0 ? taps : throw new ArgumentException("taps need at least one block");
    }

    /// <summary>The block numbers, ascending.</summary>
    public IReadOnlyCollection<int> Blocks => blocks;

    /// <summary>True when the network's own output is wanted too, for which it must run to its end.</summary>
    public bool HasOutput { get; }

    /// <summary>The same, and the network's output.</summary>
    public Taps AndOutput() => new(blocks, true);

    /// <summary>True when the output of a block is kept.</summary>
    public bool Contains(int block) => blocks.Contains(block);

    /// <summary>"19, 24, output".</summary>
    public override string ToString() =>
        string.Join(", ", blocks.Select(b => $"{b}").Concat(HasOutput ? ["output"] : []));

    internal int LastBlock(UNetPlan plan)
    {
        if (blocks.Count > 0 && (blocks.Min < 1 || blocks.Max > plan.Last))
            throw new ArgumentException($"the network has blocks 1 to {plan.Last}, found taps {this}");
        return HasOutput ? plan.Last : blocks.Max;
    }
}
