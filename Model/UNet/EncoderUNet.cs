using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>The encoder half of the U-Net with a pooling head: the noisy-image classifier of Dhariwal and Nichol 2021,
/// with PyTorch's state-dict names of the published checkpoints.</summary>
public sealed class EncoderUNet : UNetTrunk
{
    private readonly Layer head;

    /// <summary>A network without numbers: initialise it or load a state dict.</summary>
    public EncoderUNet(EncoderUNetConfig config) : base(config)
    {
        Config = config;
        head = Child("out", Head(config, Plan));
    }

    /// <summary>The architecture.</summary>
    public EncoderUNetConfig Config { get; }

    private bool IsSpatial => Config.Pool is EncoderPool.Spatial or EncoderPool.SpatialV2;

    /// <summary>Runs the whole network.</summary>
    /// <param name="x">Noised images [N, H, W, InChannels].</param>
    /// <param name="timesteps">[N], integers or fractions.</param>
    /// <returns>Logits [N, OutChannels].</returns>
    /// <exception cref="ShapeException">The input is not channels-last, or of a size the network cannot take.
    /// </exception>
    public Tensor Forward(Tensor x, Tensor timesteps) => Run(x, timesteps).Result;

    /// <summary>Runs the network as far as the taps need it.</summary>
    /// <param name="x">Noised images [N, H, W, InChannels].</param>
    /// <param name="timesteps">[N], integers or fractions.</param>
    /// <param name="taps">What to keep; the logits when left out.</param>
    /// <inheritdoc cref="Forward"/>
    public UNetOutput Run(Tensor x, Tensor timesteps, Taps? taps = null)
    {
        CheckInput(x, timesteps);
        taps ??= Taps.Output;
        using var _ = Anomaly.Enter(Name);
        using var scope = Scope.Open();
        var walk = NewWalk(taps, condense: IsSpatial && taps.HasOutput ? map => map.Mean([1, 2]) : null);
        var h = walk.Run(x, Embed(timesteps));
        if (IsSpatial && taps.HasOutput) h = Tensor.Concat(-1, [.. walk.Condensed]);
        var result = taps.HasOutput ? scope.Keep(head.Forward(h)) : null;
        foreach (var map in walk.Tapped.Values) scope.Keep(map);
        return new UNetOutput(walk.Tapped, result);
    }

    private static Sequential Head(EncoderUNetConfig config, UNetPlan plan)
    {
        var last = plan[plan.Last];
        var silu = new Function("silu", h => h.Silu());
        return config.Pool switch
        {
            EncoderPool.Adaptive => new(new GroupNorm(last.OutChannels, config.NormGroups), silu,
                new Function("mean", h => h.Mean([1, 2], true)),
                new Conv2d(last.OutChannels, config.OutChannels, 1, zero: true),
                new Function("flatten", h => h.Reshape([h.Shape[0], h.Shape[3]]))),
            EncoderPool.Attention => new(new GroupNorm(last.OutChannels, config.NormGroups), silu,
                new AttentionPool2d(last.Out.Height, last.OutChannels, HeadChannels(config), config.OutChannels)),
            EncoderPool.Spatial => new(new Linear(HeadPlan.SpatialFeatures(plan), HeadPlan.SpatialHidden),
                new Function("relu", h => h.Relu()), new Linear(HeadPlan.SpatialHidden, config.OutChannels)),
            // A vector of another length than any map: its norm has the published 32 groups whatever theirs have.
            EncoderPool.SpatialV2 => new(new Linear(HeadPlan.SpatialFeatures(plan), HeadPlan.SpatialHidden),
                new GroupNorm(HeadPlan.SpatialHidden), silu, new Linear(HeadPlan.SpatialHidden, config.OutChannels)),
            _ => throw new ArgumentOutOfRangeException(nameof(config), config.Pool, "unknown pool"),
        };
    }

    private static int HeadChannels(EncoderUNetConfig config) => config.NumHeadChannels
        ?? throw new ArgumentException("the attention pool needs NumHeadChannels");
}
