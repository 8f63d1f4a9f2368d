using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A layer without parameters: <c>new Function("relu", x => x.Relu())</c>.</summary>
/// <param name="kind">What it does, for summaries.</param>
/// <param name="body">From the input to the output.</param>
public sealed class Function(string kind, Func<Tensor, Tensor> body) : Layer
{
    /// <summary>What it does.</summary>
    public string Kind { get; } = kind;

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => body(x);
}
