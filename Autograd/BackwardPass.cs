using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>One walk from a result back to the leaves, deepest call first, so that a call is visited when all
/// gradients of its result are there. The order depends on the graph alone: same bits every time.</summary>
internal sealed class BackwardPass
{
    private readonly PriorityQueue<Node, (int NegativeDepth, int Arrival)> queue = new();
    private readonly Dictionary<Node, Tensor> pending = [];
    private readonly List<GradState> leaves = [];
    private readonly HashSet<GradState>? targets;
    private readonly Dictionary<GradState, Tensor> collected = [];
    private readonly HashSet<Node> useful = [];
    private readonly bool retain;
    private int arrivals;

    private BackwardPass(HashSet<GradState>? targets, bool retain) => (this.targets, this.retain) = (targets, retain);

    /// <summary>Adds to the <c>Grad</c> of every leaf that wants one.</summary>
    public static void ToLeaves(Tensor root, Tensor? gradient, bool retain) =>
        new BackwardPass(null, retain).Run(root, gradient);

    /// <summary>Returns the gradients of the given leaves and touches no other.</summary>
    public static Tensor?[] ToTargets(Tensor root, Tensor? gradient, bool retain, ReadOnlySpan<Tensor> inputs)
    {
        var states = new GradState[inputs.Length];
        for (var i = 0; i < inputs.Length; i++)
            states[i] = inputs[i].GradSlot as GradState ?? throw new InvalidOperationException(
                $"input {i} does not require a gradient: set RequiresGrad before the forward");
        var pass = new BackwardPass([.. states], retain);
        pass.Run(root, gradient);
        var gradients = pass.collected.ToDictionary(found => found.Key, found => Register(found.Value));
        return [.. states.Select(s => gradients.GetValueOrDefault(s))];
    }

    /// <summary>A walk inside an operation's backward, through what it has run again: wants what the walk around it
    /// wants. Gradients of the given leaves end up in their <c>Grad</c>.</summary>
    public void Inner(Tensor root, Tensor gradient, ReadOnlySpan<Tensor> inputs)
    {
        if (targets is null)
        {
            ToLeaves(root, gradient, retain: false);
            return;
        }
        var inner = new HashSet<GradState>(targets);
        foreach (var input in inputs) if (input.RequiresGrad) inner.Add((GradState)input.GradSlot!);
        var pass = new BackwardPass(inner, retain: false);
        pass.Run(root, gradient);
        foreach (var (state, found) in pass.collected)
        {
            if (!targets.Contains(state)) state.Grad = found;
            else
            {
                Collect(state, found);
                found.Dispose();
            }
        }
    }

    private void Run(Tensor root, Tensor? gradient)
    {
        if (root.GradSlot is not GradState { RequiresGrad: true } state)
            throw new InvalidOperationException("Backward: no input of this result requires a gradient "
                + "(RequiresGrad is false everywhere, or it was made inside GradMode.No)");
        if (gradient is null && root.Count != 1)
            throw new ShapeException($"Backward: a gradient is needed for a result of shape {root.Shape}; only for a "
                + "single value is it 1");
        if (gradient is not null && gradient.Shape != root.Shape)
            throw new ShapeException($"Backward: the gradient is {gradient.Shape}, the result {root.Shape}");
        if (gradient is not null && (gradient.DType != root.DType || gradient.Device != root.Device))
            throw new DTypeException($"Backward: the gradient is {gradient.DType} on {gradient.Device}, the result "
                + $"{root.DType} on {root.Device}");
        using var no = GradMode.No();
        using var off = Autocast.Off();
        using var scope = Scope.Open();
        try
        {
            if (targets is not null && state.Node is { } top) FindUseful(top);
            Give(new Node.Edge(state, state.Node, root.Shape, root.DType), gradient ?? One(root));
            while (queue.TryDequeue(out var node, out _)) Visit(node);
        }
        finally
        {
            foreach (var left in pending.Values) left.Dispose();
        }
        // A leaf may have been handed memory that others see, or a corner of something large; whoever changes a
        // gradient in place expects his own.
        foreach (var leaf in leaves)
            if (leaf.Grad is { } grad && !IsOwn(grad)) leaf.Grad = Own(grad);
    }

    private void Visit(Node node)
    {
        pending.Remove(node, out var dy);
        if (node.IsConsumed || node.Context is null)
        {
            dy!.Dispose();
            throw node.AlreadyUsed();
        }
        using (dy)
        using (Scope.Open())
        {
            node.Filter = targets is null ? null : Leads;
            node.Context.Sink = this;
            try
            {
                node.Op.RunBackward(node.Context, dy!.Contiguous());
            }
            finally
            {
                node.Context.Sink = null;
                node.Filter = null;
            }
        }
        if (!retain) node.Consume();
    }

    /// <summary>Takes a gradient from an operation's backward.</summary>
    public void Receive(Node node, int index, Tensor gradient)
    {
        var edge = node.Edges[index];
        if (gradient.Shape != edge.Shape)
            throw new ShapeException($"{node.Op.Name}: the gradient of input {index} is {gradient.Shape}, the input "
                + $"{edge.Shape}");
        if (gradient.DType != edge.DType)
            throw new DTypeException($"{node.Op.Name}: the gradient of input {index} is {gradient.DType}, the input "
                + $"{edge.DType}");
        if (Anomaly.IsOn) Anomaly.CheckBackward(node, index, gradient);
        Give(edge, gradient);
    }

    private void Give(Node.Edge edge, Tensor gradient)
    {
        if (targets is not null && edge.State is { } wanted && targets.Contains(wanted)) Collect(wanted, gradient);
        if (edge.Producer is { } producer)
        {
            if (targets is not null && !useful.Contains(producer)) return;
            if (pending.TryGetValue(producer, out var sum)) pending[producer] = Add(sum, gradient);
            else
            {
                pending[producer] = gradient.Alias();
                queue.Enqueue(producer, (-producer.Depth, arrivals++));
            }
        }
        else if (targets is null && edge.State is { RequiresGrad: true, IsDisposed: false } leaf)
        {
            if (leaf.Grad is null) leaves.Add(leaf);
            leaf.Grad = leaf.Grad is null ? gradient.Alias() : Add(leaf.Grad, gradient);
        }
    }

    private void Collect(GradState leaf, Tensor gradient) => collected[leaf] =
        collected.TryGetValue(leaf, out var sum) ? Add(sum, gradient) : gradient.Clone().Detached();

    private bool Leads(Node.Edge edge) => edge.Producer is { } producer && useful.Contains(producer)
        || edge.State is { } leaf && targets!.Contains(leaf);

    private void FindUseful(Node top)
    {
        var order = new List<Node>();
        var seen = new HashSet<Node>([top]);
        var stack = new Stack<Node>([top]);
        while (stack.TryPop(out var node))
        {
            order.Add(node);
            foreach (var edge in node.Edges) if (edge.Producer is { } p && seen.Add(p)) stack.Push(p);
        }
        foreach (var node in order.OrderBy(n => n.Depth))
        {
            if (node.Op.ReachesParameters) useful.Add(node);
            foreach (var edge in node.Edges) if (Leads(edge)) useful.Add(node);
        }
    }

    private static Tensor One(Tensor root)
    {
        using var one = Tensor.From([1f], root.Shape, root.Device);
        return root.DType == DType.Float32 ? one.Clone() : one.To(root.DType);
    }

    private static Tensor Add(Tensor sum, Tensor gradient)
    {
        if (!IsOwn(sum)) sum = Own(sum);
        var dense = gradient.Contiguous();
        Axpy.Kernel.Run(sum.Device, sum.DType, new AxpyArgs(1, dense.View, sum.View));
        return sum;
    }

    // Added up outside every scope; from here on it is the caller's scope's.
    private static Tensor Register(Tensor found)
    {
        using (found) return found.Detach();
    }

    private static bool IsOwn(Tensor tensor) => tensor.Storage.IsExclusive && tensor.IsContiguous
        && tensor.Storage.Bytes == tensor.Count * tensor.DType.Size();

    private static Tensor Own(Tensor shared)
    {
        var own = shared.Clone().Detached();
        shared.Dispose();
        return own;
    }
}
