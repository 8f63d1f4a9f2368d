using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>The ablated diffusion model's U-Net (Dhariwal and Nichol 2021), with PyTorch's state-dict names of the
/// published checkpoints.
/// <code>
/// using var network = new UNet(UNetPresets.ImageNet256Unconditional);
/// network.LoadStateDict(file);
/// using var features = network.Run(x, timesteps, taps: Taps.At(24));   // stops after block 24
/// var map = features[24];                                              // [N, 16, 16, 1024]
/// </code></summary>
public sealed class UNet : UNetTrunk
{
    private readonly GroupNorm outNorm;
    private readonly Conv2d outConv;

    /// <summary>A network without numbers: initialise it or load a state dict.</summary>
    public UNet(UNetConfig config) : base(config)
    {
        Config = config;
        var channels = Plan[Plan.Last].OutChannels;
        outNorm = Child("out.0", new GroupNorm(channels));
        outConv = Child("out.2", new Conv2d(channels, config.OutChannels, 3, padding: 1, zero: true));
    }

    /// <summary>The architecture.</summary>
    public UNetConfig Config { get; }

    /// <summary>Runs the whole network.</summary>
    /// <param name="x">Noised images [N, H, W, InChannels].</param>
    /// <param name="timesteps">[N], integers or fractions.</param>
    /// <param name="labels">[N] class labels, for class-conditional networks only.</param>
    /// <returns>[N, H, W, OutChannels].</returns>
    /// <exception cref="ShapeException">The input is not channels-last, or its size is no multiple of the network's
    /// factor.</exception>
    /// <exception cref="ArgumentException">Labels are missing, or the network takes none.</exception>
    public Tensor Forward(Tensor x, Tensor timesteps, Tensor? labels = null) => Run(x, timesteps, labels).Result;

    /// <summary>Runs the network as far as the taps need it.</summary>
    /// <param name="x">Noised images [N, H, W, InChannels].</param>
    /// <param name="timesteps">[N], integers or fractions.</param>
    /// <param name="labels">[N] class labels, for class-conditional networks only.</param>
    /// <param name="taps">What to keep; the network's output when left out.</param>
    /// <param name="feedback">What to add after encoder blocks.</param>
    /// <param name="known">Outputs of encoder blocks 1, 2… from an earlier pass over the same input, which are then not
    /// calculated again.</param>
    /// <inheritdoc cref="Forward"/>
    public UNetOutput Run(Tensor x, Tensor timesteps, Tensor? labels = null, Taps? taps = null,
        Feedback? feedback = null, IReadOnlyDictionary<int, Tensor>? known = null)
    {
        CheckInput(x, timesteps);
        taps ??= Taps.Output;
        using var _ = Anomaly.Enter(Name);
        using var scope = Scope.Open();
        var walk = NewWalk(taps, feedback, known);
        var h = walk.Run(x, Embed(timesteps, labels));
        var result = taps.HasOutput ? scope.Keep(outConv.Forward(outNorm.Forward(h, null, silu: true))) : null;
        foreach (var map in walk.Tapped.Values) scope.Keep(map);
        return new UNetOutput(walk.Tapped, result);
    }
}
