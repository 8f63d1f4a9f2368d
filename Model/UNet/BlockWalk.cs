using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>One forward over the numbered blocks: runs them in order up to the last one that is needed, keeps what is
/// tapped, and releases every other map as soon as no later block will read it.</summary>
internal sealed class BlockWalk(UNetPlan plan, IReadOnlyList<UNetBlock> blocks, Taps taps)
{
    private readonly int last = taps.LastBlock(plan);
    private readonly Tensor[] maps = new Tensor[plan.Last + 1];
    private int known;

    /// <summary>What to add after encoder blocks.</summary>
    public Feedback? Feedback { get; init; }

    /// <summary>Outputs of the first encoder blocks, from an earlier pass over the same input; they are not run again.
    /// </summary>
    public IReadOnlyDictionary<int, Tensor>? Known { get; init; }

    /// <summary>Condenses every block's output to something small.</summary>
    public Func<Tensor, Tensor>? Condense { get; init; }

    /// <summary>Keeps only the blocks' inputs for backward.</summary>
    public bool Recompute { get; init; }

    /// <summary>Gives the device's cached memory back whenever maps change their size.</summary>
    public bool ReturnsMemory { get; init; }

    /// <summary>The tapped maps by block number.</summary>
    public SortedDictionary<int, Tensor> Tapped { get; } = [];

    /// <summary>What <see cref="Condense"/> made, one for each block.</summary>
    public List<Tensor> Condensed { get; } = [];

    /// <summary>Walks the plan.</summary>
    /// <param name="x">[N, H, W, C].</param>
    /// <param name="emb">The embedding [N, E], before its SiLU.</param>
    /// <returns>The output of the last block that ran. It, the tapped and the condensed maps belong to the caller's
    /// scope.</returns>
    public Tensor Run(Tensor x, Tensor emb)
    {
        Feedback?.Check(plan);
        known = CountKnown();
        using var scope = Scope.Open();
        var activated = emb.Silu();
        maps[0] = x;
        for (var b = 1; b <= last; b++)
        {
            if (b <= known)
            {
                if (Known!.TryGetValue(b, out var map)) maps[b] = map;
                continue;
            }
            maps[b] = AddFeedback(b, RunBlock(b, activated));
            if (Condense is not null) Condensed.Add(scope.Keep(Condense(maps[b])));
            if (taps.Contains(b)) Tapped.Add(b, scope.Keep(maps[b]));
            if (ReturnsMemory && maps[b].Shape[1] != maps[b - 1].Shape[1]) maps[b].Device.Trim();
        }
        return scope.Keep(maps[last]);
    }

    private Tensor RunBlock(int b, Tensor activated)
    {
        var block = blocks[b - 1];
        var h = maps[b - 1];
        var skip = block.Plan.SkipFrom is { } from ? maps[from] : null;
        Tensor y;
        if (Recompute && GradMode.IsEnabled) y = block.ForwardAgain(h, skip, activated);
        else if (skip is null) y = block.Forward(h, activated);
        else
        {
            var joined = Tensor.Concat(-1, [h, skip]);
            Release(b);
            return block.Forward(joined, activated, owned: true);
        }
        Release(b);
        return y;
    }

    private Tensor AddFeedback(int b, Tensor y)
    {
        foreach (var map in Feedback?.For(b) ?? [])
        {
            var fits = map.Shape[1] == y.Shape[1] && map.Shape[2] == y.Shape[2];
            y = Step.After(y, y + (fits ? map : map.ResizeBilinear(y.Shape.Int(1), y.Shape.Int(2))));
        }
        return y;
    }

    /// <summary>Releases the inputs of block <paramref name="reader"/> that nobody reads after it.</summary>
    private void Release(int reader)
    {
        ReleaseMap(reader - 1, reader);
        if (plan[reader].SkipFrom is { } skip) ReleaseMap(skip, reader);
    }

    private void ReleaseMap(int b, int reader)
    {
        var consumer = plan.Consumers[b];
        var lastReader = consumer > 0 && consumer <= last ? consumer : b + 1;
        if (b > known && !taps.Contains(b) && lastReader == reader) maps[b].Dispose();
    }

    // Up to the last known block nothing runs; of the blocks before it only what a later block reads must be there.
    private int CountKnown()
    {
        if (Known is not { Count: > 0 }) return 0;
        var count = Known.Keys.Max();
        if (Known.Keys.Min() < 1 || count >= plan.Mid)
            throw new ArgumentException($"known maps are those of encoder blocks, 1 to {plan.Mid - 1}");
        if (Feedback?.Blocks.FirstOrDefault(b => b <= count) is > 0 and var b)
            throw new ArgumentException($"block {b} receives feedback, so its output cannot be known before");
        if (taps.Blocks.FirstOrDefault(t => t <= count) is > 0 and var tap)
            throw new ArgumentException($"the output of block {tap} is known already: do not tap it");
        for (var block = 1; block < count; block++)
            if (plan.Consumers[block] is var reader && reader > 0 && reader <= last && !Known.ContainsKey(block))
                throw new ArgumentException($"block {count} is known, so block {block}, which block {reader} reads, "
                    + "must be too");
        return Math.Min(count, last);
    }
}
