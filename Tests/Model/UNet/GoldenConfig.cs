using System.Text.Json;
using Diffract.Model;

namespace Diffract.Tests;

/// <summary>Configurations as the fixtures write them.</summary>
internal static class GoldenConfig
{
    public static UNetConfig UNet(JsonElement config) => (UNetConfig)Trunk(config, new UNetConfig
    {
        OutChannels = config.GetProperty("out_channels").GetInt32(),
    });

    public static EncoderUNetConfig Encoder(JsonElement config)
    {
        var pool = config.GetProperty("pool").GetString() switch
        {
            "attention" => EncoderPool.Attention,
            "adaptive" => EncoderPool.Adaptive,
            "spatial" => EncoderPool.Spatial,
            "spatial_v2" => EncoderPool.SpatialV2,
            var other => throw new ArgumentException(other),
        };
        var classes = config.GetProperty("out_channels").GetInt32();
        return (EncoderUNetConfig)Trunk(config, new EncoderUNetConfig { OutChannels = classes, Pool = pool });
    }

    private static TrunkConfig Trunk(JsonElement config, TrunkConfig kind) => kind with
    {
        ImageSize = config.GetProperty("image_size").GetInt32(),
        ModelChannels = config.GetProperty("model_channels").GetInt32(),
        ChannelMult = [.. config.GetProperty("channel_mult").EnumerateArray().Select(m => m.GetDouble())],
        NumResBlocks = config.GetProperty("num_res_blocks").GetInt32(),
        AttentionResolutions =
            [.. config.GetProperty("attention_resolutions").EnumerateArray().Select(m => m.GetInt32())],
        NumHeadChannels = config.GetProperty("num_head_channels").GetInt32(),
        UseScaleShiftNorm = config.GetProperty("use_scale_shift_norm").GetBoolean(),
        ResblockUpdown = config.GetProperty("resblock_updown").GetBoolean(),
        UseNewAttentionOrder = config.TryGetProperty("use_new_attention_order", out var order) && order.GetBoolean(),
    };
}
