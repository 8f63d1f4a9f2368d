using Diffract.Engine;

namespace Diffract.Model;

/// <summary>One layer of a block before it exists: geometry, cost, and how to build it.</summary>
/// <param name="InChannels">Channels of its input.</param>
/// <param name="OutChannels">Channels of its output.</param>
/// <param name="In">Size of its input.</param>
/// <param name="Out">Size of its output.</param>
public abstract record LayerPlan(int InChannels, int OutChannels, MapSize In, MapSize Out)
{
    /// <summary>A short name: <c>Res(down)</c>.</summary>
    public abstract string Content { get; }

    /// <summary>Number of trainable elements.</summary>
    public abstract long Parameters { get; }

    /// <summary>Multiply-accumulates for one image: convolutions, linear layers and the two products of attention;
    /// norms, activations and biases are not counted.</summary>
    public abstract long Macs { get; }

    internal abstract BuiltLayer Build();
}

/// <summary>Runs a layer.</summary>
/// <param name="x">The map.</param>
/// <param name="activated">SiLU of the embedding.</param>
/// <param name="owned">True when nobody needs the map afterwards: its memory may be used and released.</param>
internal delegate Tensor LayerRun(Tensor x, Tensor activated, bool owned);

/// <summary>A layer and how to run it.</summary>
internal readonly record struct BuiltLayer(Module Module, LayerRun Run);
