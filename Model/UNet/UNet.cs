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
    private readonly Lazy<RecordedRuns> recorded;

    /// <summary>A network without numbers: initialise it or load a state dict.</summary>
    public UNet(UNetConfig config) : base(config)
    {
        Config = config;
        var channels = Plan[Plan.Last].OutChannels;
        outNorm = Child("out.0", new GroupNorm(channels, config.NormGroups));
        outConv = Child("out.2", new Conv2d(channels, config.OutChannels, 3, padding: 1, zero: true));
        recorded = new Lazy<RecordedRuns>(() => new RecordedRuns(this));
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

    /// <summary>As <see cref="Run"/>, for many calls: where a device can record kernels, a frozen network in evaluation
    /// mode is recorded when inputs of one shape come for the second time, and from then on repeated with next to no
    /// work for the host. The same bits come out. Recordings, four at most, keep the memory of a forward each, until a
    /// parameter changes, <see cref="ForgetRecordings"/> is called or the network is disposed.</summary>
    /// <param name="x">Noised images [N, H, W, InChannels].</param>
    /// <param name="timesteps">[N], integers or fractions.</param>
    /// <param name="labels">[N] class labels, for class-conditional networks only.</param>
    /// <param name="taps">What to keep; the network's output when left out.</param>
    /// <inheritdoc cref="Forward"/>
    public UNetOutput RunRecorded(Tensor x, Tensor timesteps, Tensor? labels = null, Taps? taps = null) =>
        recorded.Value.Run(x, timesteps, labels, taps ?? Taps.Output);

    /// <summary>The network as samplers take it, recorded where that is possible. Its results are of the images' type,
    /// whatever it calculates in.</summary>
    /// <param name="labels">[N] class labels on the network's device, for class-conditional networks only.</param>
    public Denoiser AsDenoiser(Tensor? labels = null) =>
        (x, timesteps) => RunRecorded(x, timesteps, labels).Result.To(x.DType);

    /// <summary>Gives the memory of recorded forwards back; the next call begins anew.</summary>
    public void ForgetRecordings()
    {
        if (recorded.IsValueCreated) recorded.Value.Dispose();
    }

    /// <summary>How many forwards are recorded now.</summary>
    internal int Recordings => recorded.IsValueCreated ? recorded.Value.Count : 0;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        ForgetRecordings();
        base.Dispose(disposing);
    }
}
