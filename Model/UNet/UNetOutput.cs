using Diffract.Engine;

namespace Diffract.Model;

/// <summary>What a forward kept. The tensors belong to the caller's scope, or to this object's <see cref="Dispose"/>
/// when there is none.</summary>
public sealed class UNetOutput : IDisposable
{
    private readonly SortedDictionary<int, Tensor> blocks;
    private readonly Tensor? result;

    internal UNetOutput(SortedDictionary<int, Tensor> blocks, Tensor? result) =>
        (this.blocks, this.result) = (blocks, result);

    /// <summary>Outputs of the tapped blocks [N, H, W, C], by number, ascending.</summary>
    public IReadOnlyDictionary<int, Tensor> Blocks => blocks;

    /// <summary>The network's own output.</summary>
    /// <exception cref="InvalidOperationException">The taps did not ask for it.</exception>
    public Tensor Result => result ?? throw new InvalidOperationException(
        "the forward stopped before the network's output: ask for it with Taps.Output or taps.AndOutput()");

    /// <summary>The output of a tapped block.</summary>
    /// <exception cref="KeyNotFoundException">The taps did not ask for it.</exception>
    public Tensor this[int block] => blocks.TryGetValue(block, out var map)
        ? map
        : throw new KeyNotFoundException($"block {block} was not tapped; tapped were: "
            + string.Join(", ", blocks.Keys));

    /// <summary>Releases the kept tensors.</summary>
    public void Dispose()
    {
        foreach (var map in blocks.Values) map.Dispose();
        result?.Dispose();
    }
}
