using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Timesteps and blocks that heads read.</summary>
/// <param name="Timestep">Of heads that read one map.</param>
/// <param name="Block">Of the same.</param>
/// <param name="Timesteps">Of fusion, ascending.</param>
/// <param name="Blocks">Of fusion, ascending.</param>
public sealed record StudyChoice(
    int Timestep, int Block, IReadOnlyList<int> Timesteps, IReadOnlyList<int> Blocks)
{
    // As many as the paper's DifFormer has of each.
    private const int Fused = 3;

    /// <summary>Chooses by a sweep of linear probes: the best cell; for fusion the three best timesteps at its block,
    /// and the best block of each size of map at its timestep, the three best of those. The paper's blocks 19, 24 and
    /// 30 are such: maps of 8, 16 and 64 pixels.</summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="sizes">Side of each block's map.</param>
    public static StudyChoice From(SweepResult sweep, Func<int, MapSize> sizes)
    {
        var best = sweep.Best;
        return new StudyChoice(best.Timestep, best.Block,
            Best(sweep.Cells.Where(c => c.Block == best.Block), c => c.Timestep, c => c.Timestep),
            Best(sweep.Cells.Where(c => c.Timestep == best.Timestep), c => sizes(c.Block), c => c.Block));
    }

    // The best of each kind, and of those the best three.
    private static int[] Best<T>(IEnumerable<SweepCell> cells, Func<SweepCell, T> kind, Func<SweepCell, int> number) =>
        [.. cells.GroupBy(kind).Select(group => group.MaxBy(c => c.Accuracy.Successes)!)
            .OrderByDescending(c => c.Accuracy.Successes).Take(Fused).Select(number).Order()];

    /// <summary>"t 50, block 12; fusion of t 10, 50, 100 and blocks 9, 12, 15".</summary>
    public override string ToString() => $"t {Timestep}, block {Block}; fusion of t {string.Join(", ", Timesteps)} and "
        + $"blocks {string.Join(", ", Blocks)}";
}
