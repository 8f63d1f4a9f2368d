namespace Diffract.Engine;

/// <summary>Releases the tensors made on this thread since it was opened, except those that were kept. Scopes nest;
/// the library opens them around steps, module calls and extractions, so most programs never need one.
/// <code>
/// using var scope = Scope.Open();
/// var h = x.Silu();
/// return scope.Keep(h * 2);      // h goes, the product stays
/// </code></summary>
/// <remarks>A scope belongs to the thread that opened it, because only the order of one thread's calls says what is
/// inside: it must not be held across an <c>await</c>.</remarks>
public sealed class Scope : IDisposable
{
    // The one piece of ambient state of the engine: operators such as a + b have no other way to learn where they are.
    [ThreadStatic]
    private static Scope? current;

    private readonly Scope? outer;
    private readonly int thread = Environment.CurrentManagedThreadId;
    private readonly List<Tensor> tensors = [];
    private bool closed;

    private Scope(Scope? outer) => this.outer = outer;

    /// <summary>Opens a scope on this thread.</summary>
    public static Scope Open() => current = new Scope(current);

    /// <summary>Lets a tensor outlive this scope: it becomes the outer scope's, or nobody's when there is none.
    /// </summary>
    public Tensor Keep(Tensor tensor)
    {
        if (tensor.Owner != this) return tensor;
        tensor.Owner = outer;
        outer?.tensors.Add(tensor);
        return tensor;
    }

    /// <summary>Takes a tensor out of every scope: from now on it lives until it is disposed. For parameters, optimiser
    /// state and results that are handed to somebody else.</summary>
    public static Tensor Detach(Tensor tensor)
    {
        tensor.Owner = null;
        return tensor;
    }

    /// <summary>Releases what was made inside and not kept.</summary>
    /// <exception cref="InvalidOperationException">Called on another thread, or before an inner scope was closed.
    /// </exception>
    public void Dispose()
    {
        if (closed) return;
        if (thread != Environment.CurrentManagedThreadId || current != this)
            throw new InvalidOperationException("a Scope must be disposed on the thread that opened it, inner scopes "
                + "first; do not hold one across an await");
        closed = true;
        current = outer;
        for (var i = tensors.Count - 1; i >= 0; i--) if (tensors[i].Owner == this) tensors[i].Dispose();
        tensors.Clear();
    }

    internal static Scope? Register(Tensor tensor)
    {
        current?.tensors.Add(tensor);
        return current;
    }
}
