using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Reads an architecture from a checkpoint's names and shapes, and the rest from the published network they
/// match, from options, or from assumptions that it reports.</summary>
internal sealed class NetworkDetector(CheckpointShapes state, NetworkOptions options)
{
    private readonly List<string> assumptions = [];

    public static DetectedNetwork Detect(IReadOnlyDictionary<string, Shape> shapes, NetworkOptions options) =>
        new NetworkDetector(new CheckpointShapes(shapes), options).Detect();

    private DetectedNetwork Detect()
    {
        var width = state.Length("time_embed.0.weight", 1);
        if (state.Encoder.Count == 0) throw Unfit("it has no input_blocks");
        var candidates = ResBlockCounts().Select(n => Known(width, n)).ToList();
        if (candidates.Count == 0) throw Unfit("its blocks follow no regular pattern of levels");
        foreach (var candidate in candidates)
            foreach (var (name, preset) in Presets())
                if (Borrow(candidate, preset).Equals(preset)) return FromPreset(name, preset);
        if (candidates.Count > 1)
            throw new NetworkDetectionException("the checkpoint's blocks fit "
                + string.Join(" or ", candidates.Select(c => c.NumResBlocks)) + " residual blocks a level: say which "
                + "(NumResBlocks)");
        return FromOptions(candidates[0]);
    }

    private DetectedNetwork FromPreset(string name, TrunkConfig preset)
    {
        var heads = preset.NumHeadChannels is { } each ? $"heads of {each} channels" : $"{preset.NumHeads} heads";
        var order = preset.UseNewAttentionOrder ? "new" : "legacy";
        assumptions.Add($"names and shapes are those of {name}: taken from it are image size {preset.ImageSize}, "
            + $"{heads}, the {order} attention order");
        var config = Override(preset, options);
        return new(config, config.Equals(preset) ? name : null, assumptions);
    }

    private DetectedNetwork FromOptions(TrunkConfig known)
    {
        if (options.NumHeadChannels is null && options.NumHeads is null)
            throw new NetworkDetectionException("the checkpoint is of no published network, and names and shapes do "
                + "not tell the number of attention heads: give the channels of a head (NumHeadChannels) or their "
                + "number (NumHeads)", lacksHeads: true);
        if (options.UseNewAttentionOrder is null) assumptions.Add("the legacy attention order is assumed");
        if (options.ImageSize is null && PooledSize(known) is null)
            assumptions.Add($"an image size of {AssumedSize(known)} is assumed");
        var size = PooledSize(known) ?? AssumedSize(known);
        return new(Override(known with { ImageSize = size }, options), null, assumptions);
    }

    /// <summary>What names and shapes say, for a number of residual blocks a level.</summary>
    private TrunkConfig Known(int width, int resBlocks)
    {
        var levels = state.Encoder.Count / (resBlocks + 1);
        var first = Enumerable.Range(0, levels).Select(level => state.Encoder[level * (resBlocks + 1) + 1]).ToArray();
        CheckpointBlock? change = levels > 1 ? state.Encoder[resBlocks + 1] : null;
        TrunkConfig config = state.Decoder.Count > 0 ? UNetHead() : EncoderHead();
        return config with
        {
            InChannels = state.Length("input_blocks.0.0.weight", 1),
            ModelChannels = width,
            NumResBlocks = resBlocks,
            ChannelMult = [.. first.Select(block => (double)block.OutChannels / width)],
            AttentionResolutions =
                [.. Enumerable.Range(0, levels).Where(l => first[l].HasAttention).Select(l => 1 << l)],
            UseScaleShiftNorm = state.Length("input_blocks.1.0.emb_layers.1.weight", 0) == 2 * first[0].OutChannels,
            ResblockUpdown = change?.IsRes ?? true,
            ConvResample = change is not { IsEmpty: true },
        };
    }

    private UNetConfig UNetHead() => new()
    {
        OutChannels = state.Length("out.2.weight", 0),
        NumClasses = state.Find("label_emb.weight")?.Int(0),
    };

    private EncoderUNetConfig EncoderHead()
    {
        if (state.Has("out.2.positional_embedding"))
            return new() { Pool = EncoderPool.Attention, OutChannels = state.Length("out.2.c_proj.weight", 0) };
        if (state.Find("out.3.weight") is { Rank: 4 } conv)
            return new() { Pool = EncoderPool.Adaptive, OutChannels = conv.Int(0) };
        return state.Has("out.3.weight")
            ? new() { Pool = EncoderPool.SpatialV2, OutChannels = state.Length("out.3.weight", 0) }
            : new() { Pool = EncoderPool.Spatial, OutChannels = state.Length("out.2.weight", 0) };
    }

    /// <summary>Numbers of residual blocks a level that the pattern of blocks allows.</summary>
    private IEnumerable<int> ResBlockCounts() => Enumerable.Range(1, state.Encoder.Count)
        .Where(n => (options.NumResBlocks ?? n) == n && state.Encoder.Count % (n + 1) == 0)
        .Where(n => EncoderFits(n) && DecoderFits(n));

    private bool EncoderFits(int n)
    {
        var blocks = state.Encoder;
        for (var i = 1; i < blocks.Count; i++)
        {
            var place = i % (n + 1);
            var fits = place == 0
                ? blocks[i].KeepsChannels && !blocks[i].HasAttention && blocks[i].IsRes == blocks[n + 1].IsRes
                : blocks[i].IsRes && (place == 1
                    || (blocks[i].KeepsChannels && blocks[i].HasAttention == blocks[i - 1].HasAttention));
            if (!fits) return false;
        }
        return true;
    }

    private bool DecoderFits(int n)
    {
        var blocks = state.Decoder;
        if (blocks.Count == 0) return true;
        if (blocks.Count != state.Encoder.Count) return false;
        var down = state.Encoder.Count > n + 1 ? state.Encoder[n + 1] : default;
        for (var i = 0; i < blocks.Count; i++)
        {
            var ends = i % (n + 1) == n && i < blocks.Count - 1;
            if (!blocks[i].IsRes || blocks[i].EndsWithRes != (ends && down.IsRes)
                || blocks[i].EndsWithConv != (ends && !down.IsRes && !down.IsEmpty)) return false;
        }
        return true;
    }

    private IEnumerable<(string Name, TrunkConfig Config)> Presets() => state.Decoder.Count > 0
        ? UNetPresets.All.Select(p => (p.Key, (TrunkConfig)p.Value))
        : UNetPresets.Classifiers.Select(p => (p.Key, (TrunkConfig)p.Value));

    /// <summary>What is known, completed by a preset's values for what cannot be known.</summary>
    private TrunkConfig Borrow(TrunkConfig known, TrunkConfig preset)
    {
        if (PooledSize(known) is { } size && size != preset.ImageSize) return known;
        var full = known with
        {
            ImageSize = preset.ImageSize,
            NumHeads = preset.NumHeads,
            NumHeadChannels = preset.NumHeadChannels,
            UseNewAttentionOrder = preset.UseNewAttentionOrder,
            Dropout = preset.Dropout,
        };
        return full is UNetConfig unet && preset is UNetConfig other
            ? unet with { NumHeadsUpsample = other.NumHeadsUpsample }
            : full;
    }

    /// <summary>An architecture with what the options say instead.</summary>
    public static TrunkConfig Override(TrunkConfig config, NetworkOptions options)
    {
        var heads = options.NumHeads is not null && options.NumHeadChannels is null;
        var full = config with
        {
            ImageSize = options.ImageSize ?? config.ImageSize,
            NumHeads = options.NumHeads ?? config.NumHeads,
            NumHeadChannels = heads ? null : options.NumHeadChannels ?? config.NumHeadChannels,
            UseNewAttentionOrder = options.UseNewAttentionOrder ?? config.UseNewAttentionOrder,
            Dropout = options.Dropout ?? config.Dropout,
        };
        return full is UNetConfig unet
            ? unet with { NumHeadsUpsample = options.NumHeadsUpsample ?? unet.NumHeadsUpsample }
            : full;
    }

    /// <summary>The image size that an attention pool's positions tell.</summary>
    private int? PooledSize(TrunkConfig known)
    {
        if (state.Find("out.2.positional_embedding") is not { Rank: 2 } positions) return null;
        var side = (int)Math.Round(Math.Sqrt(positions[1] - 1));
        return side * side == positions[1] - 1
            ? side * known.Factor
            : throw Unfit($"out.2.positional_embedding is {positions}");
    }

    private static int AssumedSize(TrunkConfig known) => known.Factor * 8;

    private static NetworkDetectionException Unfit(string why) =>
        new($"the checkpoint is no diffusion U-Net and no classifier of this family: {why}");
}
