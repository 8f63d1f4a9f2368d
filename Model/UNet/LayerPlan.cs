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

/// <summary>A layer and how to run it on a map and the activated embedding.</summary>
internal readonly record struct BuiltLayer(Module Module, Func<Tensor, Tensor, Tensor> Run);
