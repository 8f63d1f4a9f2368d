using System.Globalization;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Network configurations as fixtures write them: the arguments of the original constructors under their
/// names, with those constructors' defaults.</summary>
internal static class NetworkConfigs
{
    /// <summary>The configuration of a network whose weights are given.</summary>
    public static UNetConfig UNet(Meta config, FixtureData weights) => (UNetConfig)Trunk(config, weights, new UNetConfig
    {
        OutChannels = config.Int("out_channels", weights["out.2.weight"].Shape.Int(0)),
        NumClasses = weights.Tensors.TryGetValue("label_emb.weight", out var labels) ? labels.Shape.Int(0) : null,
        NumHeadsUpsample = Positive(config, "num_heads_upsample"),
    });

    /// <inheritdoc cref="UNet"/>
    public static EncoderUNetConfig Encoder(Meta config, FixtureData weights) =>
        (EncoderUNetConfig)Trunk(config, weights, new EncoderUNetConfig
        {
            OutChannels = config.Int("out_channels"),
            Pool = config.Text("pool", "adaptive") switch
            {
                "adaptive" => EncoderPool.Adaptive,
                "attention" => EncoderPool.Attention,
                "spatial" => EncoderPool.Spatial,
                "spatial_v2" => EncoderPool.SpatialV2,
                var other => throw new VerifyException($"there is no pool {other}"),
            },
        });

    private static TrunkConfig Trunk(Meta config, FixtureData weights, TrunkConfig kind) => kind with
    {
        ImageSize = config.Int("image_size"),
        InChannels = config.Int("in_channels", weights["input_blocks.0.0.weight"].Shape.Int(1)),
        ModelChannels = config.Int("model_channels"),
        ChannelMult = config.Has("channel_mult") ? Multipliers(config) : [1, 2, 4, 8],
        NumResBlocks = config.Int("num_res_blocks"),
        AttentionResolutions = config.Ints("attention_resolutions"),
        NumHeads = config.Int("num_heads", 1),
        NumHeadChannels = Positive(config, "num_head_channels"),
        UseScaleShiftNorm = config.Flag("use_scale_shift_norm", false),
        ResblockUpdown = config.Flag("resblock_updown", false),
        ConvResample = config.Flag("conv_resample", true),
        UseNewAttentionOrder = config.Flag("use_new_attention_order", false),
        Dropout = config.Number("dropout", 0),
    };

    // [1, 1, 2], or "1,1,2" as the command line of the original takes it.
    private static IReadOnlyList<double> Multipliers(Meta config) => config.IsText("channel_mult")
        ? [.. config.Text("channel_mult").Split(',').Select(m => double.Parse(m, CultureInfo.InvariantCulture))]
        : config.Numbers("channel_mult");

    private static int? Positive(Meta config, string name) =>
        config.Has(name) && config.Int(name) > 0 ? config.Int(name) : null;
}
