using System.Globalization;

namespace Diffract.Model;

/// <summary>Lays a network out, level by level: down, across, up.</summary>
internal sealed class PlanBuilder(TrunkConfig config, MapSize input)
{
    private readonly List<BlockPlan> blocks = [];
    private readonly Stack<BlockPlan> skips = new();
    private int channels = config.ChannelsAt(0);
    private int factor = 1;
    private readonly MapSize start = input;
    private MapSize size = input;

    public UNetPlan Build()
    {
        Encoder();
        Mid();
        if (config.HasDecoder) Decoder();
        return new UNetPlan(config, start, blocks);
    }

    private void Encoder()
    {
        Down(new ConvPlan(config.InChannels, channels, size));
        for (var level = 0; level < config.ChannelMult.Count; level++)
        {
            for (var i = 0; i < config.NumResBlocks; i++)
                Down([Res(channels, config.ChannelsAt(level), size), .. AttentionHere(decoder: false)]);
            if (level < config.ChannelMult.Count - 1)
            {
                Down(config.ResblockUpdown
                    ? Res(channels, channels, size.Half)
                    : new ResamplePlan(channels, size, size.Half, config.ConvResample));
                (factor, size) = (factor * 2, size.Half);
            }
        }
    }

    private void Mid() => blocks.Add(new BlockPlan(blocks.Count + 1, BlockKind.Mid, "middle_block",
        [Res(channels, channels, size), Attention(decoder: false), Res(channels, channels, size)]));

    private void Decoder()
    {
        var first = blocks.Count;
        for (var level = config.ChannelMult.Count - 1; level >= 0; level--)
            for (var i = 0; i <= config.NumResBlocks; i++)
            {
                var skip = skips.Pop();
                List<LayerPlan> layers = [Res(channels + skip.OutChannels, config.ChannelsAt(level), size),
                    .. AttentionHere(decoder: true)];
                if (level > 0 && i == config.NumResBlocks)
                {
                    layers.Add(config.ResblockUpdown
                        ? Res(channels, channels, size.Double)
                        : new ResamplePlan(channels, size, size.Double, config.ConvResample));
                    (factor, size) = (factor / 2, size.Double);
                }
                blocks.Add(new BlockPlan(blocks.Count + 1, BlockKind.Decoder,
                    Name("output_blocks", blocks.Count - first), layers, skip.Number, skip.OutChannels));
            }
    }

    private void Down(params IReadOnlyList<LayerPlan> layers)
    {
        blocks.Add(new BlockPlan(blocks.Count + 1, BlockKind.Encoder, Name("input_blocks", blocks.Count), layers));
        skips.Push(blocks[^1]);
    }

    private ResPlan Res(int inChannels, int outChannels, MapSize outSize)
    {
        channels = outChannels;
        return new ResPlan(inChannels, outChannels, size, outSize, 4 * config.ModelChannels, config.UseScaleShiftNorm,
            config.Dropout, NormGroups: config.NormGroups);
    }

    private IEnumerable<LayerPlan> AttentionHere(bool decoder) =>
        config.AttentionResolutions.Contains(factor) ? [Attention(decoder)] : [];

    private AttentionPlan Attention(bool decoder) =>
        new(channels, size, config.Heads(channels, decoder), config.UseNewAttentionOrder, config.NormGroups);

    private static string Name(string group, int index) => group + "." + index.ToString(CultureInfo.InvariantCulture);
}
