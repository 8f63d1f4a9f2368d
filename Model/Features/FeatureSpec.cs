namespace Diffract.Model;

/// <summary>Which feature maps are wanted: every block at every time step. Heads receive them in the order of these
/// lists. Compared by content.</summary>
public sealed record FeatureSpec
{
    /// <summary>A wish for maps.</summary>
    /// <param name="timesteps">Noise levels, as 0-based indices of the schedule; [0] for backbones without
    /// noise.</param>
    /// <param name="blocks">Block numbers, counted from 1.</param>
    /// <exception cref="ArgumentException">A list is empty or names something twice.</exception>
    public FeatureSpec(IReadOnlyList<int> timesteps, IReadOnlyList<int> blocks)
    {
        Check(timesteps, nameof(timesteps), 0);
        Check(blocks, nameof(blocks), 1);
        (Timesteps, Blocks) = (timesteps, blocks);
    }

    /// <summary>Noise levels, as 0-based indices of the schedule.</summary>
    public IReadOnlyList<int> Timesteps { get; }

    /// <summary>Block numbers, counted from 1.</summary>
    public IReadOnlyList<int> Blocks { get; }

    /// <inheritdoc/>
    public bool Equals(FeatureSpec? other) => other is not null && Timesteps.SequenceEqual(other.Timesteps)
        && Blocks.SequenceEqual(other.Blocks);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Timesteps.Count, Timesteps[0], Blocks.Count, Blocks[0]);

    /// <summary>"t 90, 150; b 19, 24".</summary>
    public override string ToString() => $"t {string.Join(", ", Timesteps)}; b {string.Join(", ", Blocks)}";

    private static void Check(IReadOnlyList<int> values, string name, int least)
    {
        if (values.Count == 0) throw new ArgumentException("at least one is needed", name);
        if (values.Min() < least) throw new ArgumentException($"they start at {least}, found {values.Min()}", name);
        if (values.Distinct().Count() < values.Count)
            throw new ArgumentException($"one is named twice: {string.Join(", ", values)}", name);
    }
}
