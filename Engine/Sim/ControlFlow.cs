namespace Diffract.Engine.Sim;

/// <summary>Where lanes that part at a branch meet again: at the first instruction that every way from the branch to
/// the end passes (its immediate post-dominator; Fung et al. 2007 describe how hardware does this). Found with the
/// iteration of Cooper, Harvey and Kennedy (2001) on the graph turned round.</summary>
internal static class ControlFlow
{
    /// <summary>The instructions with their meeting points.</summary>
    public static SimInstruction[] WithMeetings(SimInstruction[] code)
    {
        var end = code.Length;
        var before = new List<int>[end + 1];
        for (var i = 0; i <= end; i++) before[i] = [];
        for (var i = 0; i < end; i++) foreach (var next in After(code, i)) before[next].Add(i);

        // Instructions from the end backwards, each behind all that can come after it, loops aside.
        var order = new List<int>();
        var seen = new bool[end + 1];
        var stack = new Stack<(int Node, int Next)>([(end, 0)]);
        seen[end] = true;
        while (stack.TryPop(out var top))
        {
            if (top.Next == before[top.Node].Count)
            {
                order.Add(top.Node);
                continue;
            }
            stack.Push((top.Node, top.Next + 1));
            var node = before[top.Node][top.Next];
            if (seen[node]) continue;
            seen[node] = true;
            stack.Push((node, 0));
        }
        var rank = new int[end + 1];
        for (var i = 0; i < order.Count; i++) rank[order[i]] = i;
        order.Reverse();

        var meeting = new int[end + 1];
        Array.Fill(meeting, -1);
        meeting[end] = end;
        for (var changed = true; changed;)
        {
            changed = false;
            foreach (var node in order)
            {
                if (node == end) continue;
                var found = -1;
                foreach (var next in After(code, node))
                    if (meeting[next] >= 0) found = found < 0 ? next : Common(found, next);
                if (meeting[node] == found) continue;
                meeting[node] = found;
                changed = true;
            }
        }
        return [.. code.Select((instruction, i) => instruction.Kind is SimKind.Branch or SimKind.Indexed
            ? instruction with { Meeting = meeting[i] < 0 || meeting[i] == end ? int.MaxValue : meeting[i] }
            : instruction)];

        int Common(int a, int b)
        {
            while (a != b)
            {
                while (rank[a] < rank[b]) a = meeting[a];
                while (rank[b] < rank[a]) b = meeting[b];
            }
            return a;
        }
    }

    private static IEnumerable<int> After(SimInstruction[] code, int at)
    {
        var instruction = code[at];
        var always = instruction.Guard < 0;
        if (instruction.Kind == SimKind.Exit) yield return code.Length;
        foreach (var target in instruction.Targets) yield return target;
        if (instruction.Kind == SimKind.Plain || !always) yield return at + 1;
    }
}
