using System.Globalization;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Layers one after the other, named 0, 1, 2… as in PyTorch. A null keeps its number and does nothing, like a
/// layer without parameters that the caller applies elsewhere.</summary>
public sealed class Sequential : Layer
{
    private readonly Layer[] layers;

    /// <summary>A chain of layers.</summary>
    public Sequential(params ReadOnlySpan<Layer?> layers)
    {
        var present = new List<Layer>();
        for (var i = 0; i < layers.Length; i++)
            if (layers[i] is { } layer) present.Add(Child(i.ToString(CultureInfo.InvariantCulture), layer));
        this.layers = [.. present];
    }

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x)
    {
        using var scope = Scope.Open();
        var h = x;
        foreach (var layer in layers) h = Step.After(h, layer.Forward(h), x);
        return scope.Keep(h);
    }
}
