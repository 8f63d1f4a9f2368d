namespace Diffract.Model;

/// <summary>What comes after the last block: a U-Net's output convolution or a classifier's pool.</summary>
/// <param name="Parameters">Number of trainable elements.</param>
/// <param name="Macs">Multiply-accumulates for one image. An attention pool counts its projection for all tokens, as
/// it was published, although only one is used.</param>
public sealed record HeadPlan(long Parameters, long Macs)
{
    /// <summary>Width of the hidden layer of the two spatial pools.</summary>
    internal const int SpatialHidden = 2048;

    internal static HeadPlan Of(UNetPlan plan)
    {
        var last = plan.Blocks[^1];
        return plan.Config switch
        {
            UNetConfig unet => Output(last, unet.OutChannels),
            EncoderUNetConfig { Pool: EncoderPool.Adaptive } encoder => Adaptive(last, encoder.OutChannels),
            EncoderUNetConfig { Pool: EncoderPool.Attention } encoder => Attention(last, encoder.OutChannels),
            EncoderUNetConfig encoder => Spatial(plan, encoder),
            _ => throw new NotSupportedException($"no head is known for {plan.Config.GetType().Name}"),
        };
    }

    /// <summary>Length of the concatenated means of all blocks.</summary>
    internal static int SpatialFeatures(UNetPlan plan) => plan.Blocks.Sum(b => b.OutChannels);

    private static HeadPlan Output(BlockPlan last, long channels)
    {
        var weights = 9 * last.OutChannels * channels;
        return new(2L * last.OutChannels + weights + channels, weights * last.Out.Count);
    }

    private static HeadPlan Adaptive(BlockPlan last, long classes)
    {
        var weights = last.OutChannels * classes;
        return new(2L * last.OutChannels + weights + classes, weights);
    }

    private static HeadPlan Attention(BlockPlan last, long classes)
    {
        long width = last.OutChannels, tokens = last.Out.Count + 1;
        var weights = 3 * width * width + width * classes;
        return new(2 * width + width * tokens + weights + 3 * width + classes,
            weights * tokens + 2 * tokens * tokens * width);
    }

    private static HeadPlan Spatial(UNetPlan plan, EncoderUNetConfig config)
    {
        var weights = (long)SpatialHidden * (SpatialFeatures(plan) + config.OutChannels);
        var norm = config.Pool == EncoderPool.SpatialV2 ? 2L * SpatialHidden : 0;
        return new(weights + SpatialHidden + config.OutChannels + norm, weights);
    }
}
