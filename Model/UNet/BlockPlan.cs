namespace Diffract.Model;

/// <summary>One numbered block: what a feature "after block b" is the output of.</summary>
/// <param name="Number">Counted from 1 in execution order.</param>
/// <param name="Kind">Encoder, mid or decoder.</param>
/// <param name="Module">Its name in the state dict: <c>input_blocks.3</c>.</param>
/// <param name="Layers">Its layers, in order.</param>
/// <param name="SkipFrom">The encoder block whose output is concatenated to its input; null outside the
/// decoder.</param>
/// <param name="SkipChannels">Channels of that output; 0 outside the decoder.</param>
public sealed record BlockPlan(int Number, BlockKind Kind, string Module, IReadOnlyList<LayerPlan> Layers,
    int? SkipFrom = null, int SkipChannels = 0)
{
    /// <summary>Channels of its input, the skip connection included.</summary>
    public int InChannels => Layers[0].InChannels;

    /// <summary>Size of its input.</summary>
    public MapSize In => Layers[0].In;

    /// <summary>Channels of its output.</summary>
    public int OutChannels => Layers[^1].OutChannels;

    /// <summary>Size of its output.</summary>
    public MapSize Out => Layers[^1].Out;

    /// <summary>Elements of its output for one image.</summary>
    public long OutElements => OutChannels * Out.Count;

    /// <summary>Attention heads; 0 without attention.</summary>
    public int Heads => Layers.OfType<AttentionPlan>().FirstOrDefault()?.Heads ?? 0;

    /// <summary>Its layers in short: <c>Res+Attn+Res(up)</c>.</summary>
    public string Content => string.Join("+", Layers.Select(l => l.Content));

    /// <summary>Number of trainable elements.</summary>
    public long Parameters => Layers.Sum(l => l.Parameters);

    /// <summary>Multiply-accumulates for one image.</summary>
    public long Macs => Layers.Sum(l => l.Macs);
}
