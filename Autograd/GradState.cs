using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>What Autograd knows of one tensor: that it is a leaf that collects a gradient, or which call made it.
/// </summary>
internal sealed class GradState(Node? node) : IDisposable
{
    public Node? Node { get; private set; } = node;

    public bool RequiresGrad { get; set; } = node is not null;

    public Tensor? Grad { get; set; }

    public bool IsDisposed { get; private set; }

    public void Dispose()
    {
        if (IsDisposed) return;
        IsDisposed = true;
        Node?.Release();
        Node = null;
        Grad?.Dispose();
        Grad = null;
    }
}
