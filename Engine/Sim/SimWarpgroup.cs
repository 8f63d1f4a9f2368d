namespace Diffract.Engine.Sim;

/// <summary>Four warps that must take the same instructions in the same order, with the same descriptors.</summary>
internal sealed class SimWarpgroup(SimBlock block, int index)
{
    /// <summary>Warps of a group.</summary>
    public const int Warps = 4;

    // What the quickest warp has done and the slowest has not: the first entry has number `first`.
    private readonly Queue<(string Text, ulong A, ulong B)> steps = new();
    private readonly int[] taken = new int[Warps];
    private int first;

    /// <summary>A new block of threads.</summary>
    public void Clear()
    {
        steps.Clear();
        Array.Clear(taken);
        first = 0;
    }

    /// <summary>A warp of the group takes an instruction.</summary>
    /// <exception cref="SimException">Another took something else in its place.</exception>
    public void Take(SimWarp warp, string text, ulong a = 0, ulong b = 0)
    {
        var mine = taken[warp.Index % Warps]++;
        if (mine == first + steps.Count) steps.Enqueue((text, a, b));
        else
        {
            var theirs = steps.ElementAt(mine - first);
            if (theirs != (text, a, b))
                throw new SimException(theirs.Text != text
                    ? $"another warp of the warpgroup has taken '{theirs.Text}' here"
                    : $"another warp of the warpgroup has descriptors {theirs.A:x16} and {theirs.B:x16} here, and this "
                        + $"one {a:x16} and {b:x16}");
        }
        while (taken.Min() > first)
        {
            steps.Dequeue();
            first++;
        }
    }

    /// <summary>Throws where a warp has left before another's instruction.</summary>
    public void NeedEnd()
    {
        if (steps.TryPeek(out var step))
            throw new SimException($"{block.Program.Name}, block {block.Position}: not all warps of warpgroup {index} "
                + $"take '{step.Text}'");
    }
}
