using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>One recorded call in the graph. It lives as long as its result or a later node needs it; what it saved is
/// released by backward, or with the last reference.</summary>
internal sealed class Node
{
    private readonly record struct SavedTensor(Tensor? Alias, int Version);

    private readonly Edge[] edges;
    private readonly List<SavedTensor> saved = [];
    private int references = 1;

    public Node(Op op, ReadOnlySpan<Tensor?> inputs)
    {
        Op = op;
        edges = new Edge[inputs.Length];
        for (var i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] is not { } input) continue;
            var state = input.GradSlot as GradState;
            edges[i] = new Edge(state, state?.Node, input.Shape, input.DType);
            if (state?.Node is not { } producer) continue;
            producer.AddReference();
            Depth = Math.Max(Depth, producer.Depth + 1);
        }
        Module = Anomaly.IsOn ? Anomaly.ModulePath : null;
    }

    /// <summary>Where a gradient goes: to the producer of the input, or to the input itself when it is a leaf.
    /// </summary>
    internal readonly record struct Edge(GradState? State, Node? Producer, Shape Shape, DType DType)
    {
        public bool Wanted => Producer is not null || State is { RequiresGrad: true };
    }

    public Op Op { get; }

    public OpContext? Context { get; set; }

    /// <summary>Longest way to a leaf: every consumer of a node is deeper than the node.</summary>
    public int Depth { get; }

    /// <summary>The module the call was made in, known when anomalies are looked for.</summary>
    public string? Module { get; }

    public ReadOnlySpan<Edge> Edges => edges;

    public bool IsConsumed { get; private set; }

    /// <summary>Set during a pass that wants only some gradients: edges that lead to none of them.</summary>
    public Func<Edge, bool>? Filter { get; set; }

    public bool Needs(int index) => edges[index].Wanted && (Filter is null || Filter(edges[index]));

    public void Save(Tensor? tensor) => saved.Add(new SavedTensor(tensor?.Alias(), tensor?.Storage.Version ?? 0));

    public int SavedCount => saved.Count;

    public Tensor? Saved(int index)
    {
        if (IsConsumed) throw AlreadyUsed();
        var (alias, version) = saved[index];
        if (alias is not null && alias.Storage.Version != version)
            throw new InvalidOperationException($"{Op.Name}: a tensor {alias.Shape} that backward needs was changed in "
                + "place after it was used; change a copy (Clone) instead");
        return alias;
    }

    public InvalidOperationException AlreadyUsed() => new($"{Op.Name}: backward ran through this part of the graph "
        + "already and released what it had saved; pass retainGraph: true to the first call to run it again");

    public void Consume()
    {
        IsConsumed = true;
        foreach (var (alias, _) in saved) alias?.Dispose();
        saved.Clear();
    }

    public void AddReference() => Interlocked.Increment(ref references);

    /// <summary>Gives one reference up; the last one releases the node and, in turn, its producers. A loop and not a
    /// recursion: a graph may be tens of thousands of calls deep.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref references) != 0) return;
        var pending = new Stack<Node>([this]);
        while (pending.TryPop(out var node))
        {
            node.Consume();
            foreach (var edge in node.edges)
                if (edge.Producer is { } producer && Interlocked.Decrement(ref producer.references) == 0)
                    pending.Push(producer);
        }
    }
}
