using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>What one call of an operation keeps between forward and backward.</summary>
public sealed class OpContext
{
    private Node? node;

    internal OpContext(Op op, ReadOnlySpan<Tensor?> inputs)
    {
        var wanted = false;
        foreach (var input in inputs) wanted |= input is not null && input.RequiresGrad;
        if (!GradMode.IsEnabled)
        {
            if (wanted) GradMode.HasSkipped = true;
            return;
        }
        if (!wanted && !op.ReachesParameters) return;
        node = new Node(op, inputs);
        IsRecording = wanted;
    }

    /// <summary>True when a backward may follow, so that <see cref="Save"/> keeps something.</summary>
    public bool IsRecording { get; private set; }

    /// <summary>Facts that are not tensors (an argument of the forward, say), from forward to backward.</summary>
    public object? State { get; set; }

    /// <summary>True when input <paramref name="index"/> wants a gradient.</summary>
    public bool Needs(int index) => node is not null && node.Needs(index);

    /// <summary>Type of input <paramref name="index"/>, and thus of its gradient; known to backward.</summary>
    public DType TypeOf(int index) => node!.Edges[index].DType;

    /// <summary>Keeps a tensor for backward; ignored when no backward can follow. An optional input may be null.
    /// </summary>
    public void Save(Tensor? tensor)
    {
        if (IsRecording) node!.Save(tensor);
    }

    /// <summary>The tensor of the <paramref name="index"/>-th call of <see cref="Save"/>.</summary>
    /// <exception cref="InvalidOperationException">It was changed in place since, or released already.</exception>
    public Tensor Saved(int index) => SavedOrNull(index)
        ?? throw new InvalidOperationException($"{node!.Op.Name}: tensor {index} was saved as null");

    /// <summary>Like <see cref="Saved"/>, for an optional input that may have been null.</summary>
    public Tensor? SavedOrNull(int index) => node!.Saved(index);

    /// <summary>Hands over the gradient of input <paramref name="index"/>; once for each input that
    /// <see cref="Needs"/> one.</summary>
    /// <exception cref="ShapeException">The gradient's shape is not the input's.</exception>
    public void SetGrad(int index, Tensor gradient) => Sink!.Receive(node!, index, gradient);

    /// <summary>How many tensors were saved.</summary>
    public int SavedCount => node?.SavedCount ?? 0;

    internal void BackwardInside(Tensor result, Tensor gradient, ReadOnlySpan<Tensor> inputs) =>
        Sink!.Inner(result, gradient, inputs);

    internal BackwardPass? Sink { get; set; }

    internal void Record() => IsRecording = node is not null;

    internal void Release()
    {
        if (node is not { Context: null }) return;
        node.Release();
        node = null;
    }

    internal void Attach(Tensor result)
    {
        node!.Context = this;
        result.GradSlot = new GradState(node);
    }
}
