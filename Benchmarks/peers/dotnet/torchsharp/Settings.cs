using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Diffract.Peers;

/// <summary>How the library is used.</summary>
/// <param name="ChannelsLast">Keeps four-dimensional tensors channels-last.</param>
/// <param name="Fused">Uses scaled dot-product attention.</param>
internal sealed record Settings(bool ChannelsLast, bool Fused)
{
    /// <summary>An input that outlives every scope.</summary>
    public Tensor Data(string name, params long[] shape) =>
        Make(shape, values => Numbers.FillData(values, name));

    /// <summary>A parameter that outlives every scope.</summary>
    public Tensor Parameter(string name, params long[] shape) =>
        Make(shape, values => Numbers.FillParameter(values, name, shape));

    /// <summary>Parameters by name.</summary>
    public Dictionary<string, Tensor> Parameters(IEnumerable<KeyValuePair<string, long[]>> shapes) =>
        shapes.ToDictionary(shape => shape.Key, shape => Parameter(shape.Key, shape.Value));

    /// <summary>The same numbers in the memory format that is wanted; the shape stays.</summary>
    public Tensor Format(Tensor x) => ChannelsLast && x.dim() == 4
        ? x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
        : x;

    /// <inheritdoc/>
    public override string ToString() =>
        "torchsharp" + (ChannelsLast ? "-channels-last" : "") + (Fused ? "-fused" : "");

    private delegate void Filler(Span<float> values);

    private Tensor Make(long[] shape, Filler fill)
    {
        using var scope = NewDisposeScope();
        var tensor = empty(shape);
        fill(MemoryMarshal.Cast<byte, float>(tensor.bytes));
        return Format(tensor).DetachFromDisposeScope();
    }
}
