using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>State dicts of networks: names, shapes, the architecture they tell.</summary>
internal static class WeightKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["unet_weights"] = c => Run(c, NetworkConfigs.UNet(c.Meta.Object("config"), c.Data)),
        ["classifier_weights"] = c => Run(c, NetworkConfigs.Encoder(c.Meta.Object("config"), c.Data)),
    };

    private static void Run(VerifyCase c, TrunkConfig config)
    {
        c.Use(c.Names);
        using var network = Networks.Create(config);
        network.To(c.Data.Tensors.Values.First(t => t.DType.IsFloating()).DType);
        network.LoadStateDict(c.Data.Tensors);
        var state = network.StateDict();
        foreach (var (name, tensor) in c.Data.Tensors)
            c.Require(name, FixtureData.SameBits(tensor, state[name]), "the tensor changed when it was loaded");
        c.Require("state dict", state.Count == c.Data.Tensors.Count, "the network has other tensors than the file");
        if (c.Meta.Has("num_blocks"))
            c.Require("num_blocks", network.Plan.Last == c.Meta.Int("num_blocks"),
                $"expected {c.Meta.Int("num_blocks")}, found {network.Plan.Last}");
        c.Require("parameters", network.Plan.Parameters == network.ParameterCount, $"the plan counts "
            + $"{network.Plan.Parameters}, the network has {network.ParameterCount}");
        CheckDetection(c, config, network.Plan);
    }

    /// <summary>The architecture must follow from names and shapes, but for what no shape tells.</summary>
    private static void CheckDetection(VerifyCase c, TrunkConfig config, UNetPlan plan)
    {
        var detected = Networks.Detect(c.Data.Tensors.ToDictionary(t => t.Key, t => t.Value.Shape), new NetworkOptions
        {
            ImageSize = config.ImageSize,
            NumHeads = config.NumHeads,
            NumHeadChannels = config.NumHeadChannels,
            NumHeadsUpsample = (config as UNetConfig)?.NumHeadsUpsample,
            UseNewAttentionOrder = config.UseNewAttentionOrder,
            NumResBlocks = config.NumResBlocks,
            Dropout = config.Dropout,
        });
        var found = UNetPlan.For(detected.Config).ToString();
        c.Require("detected network", found == plan.ToString(), $"expected\n{plan}\nfound\n{found}");
    }
}
