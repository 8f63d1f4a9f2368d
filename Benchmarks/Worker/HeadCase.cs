using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Benchmarks.Worker;

/// <summary>One optimiser step of the Attention head (two transformer layers of width 1024, 1,000 classes) on block 24,
/// 192 channels of 16 x 16, of a frozen network: the published one for 64 pixels with 64 channels and no labels. Eight
/// images; their features are calculated in every step. Its check is the loss, the length of the gradient, and the loss
/// after one step.</summary>
internal sealed class HeadCase : PeerCase
{
    private const int Batch = 8, Size = 64, Block = 24, Classes = 1000;

    /// <summary>The published network for 64 pixels with 64 channels and no labels.</summary>
    public static UNetConfig Config { get; } = UNetPresets.ImageNet64 with
    {
        ModelChannels = 64,
        NumClasses = null,
        Dropout = 0,
    };

    private readonly UNet network = new(Config);

    private readonly AttentionHead head;
    private readonly AdamW optimizer;
    private readonly Tensor images, timesteps, labels;

    public HeadCase(WorkerMode mode)
    {
        network.RequiresGrad(false);
        mode.ApplyTo(network);
        PeerNumbers.Assign(network);
        network.Eval();
        network.To(mode.Device);
        images = mode.Place(PeerNumbers.Maps("x", Batch, 3, [Size, Size]));
        timesteps = mode.Place(Tensor.Full([Batch], 150f));
        labels = mode.Place(Tensor.From(Enumerable.Range(0, Batch).Select(i => i * 125L).ToArray(), [Batch]));
        var map = network.Plan[Block];
        head = new AttentionHead([new FeatureInfo(Block, map.OutChannels, map.Out)], Classes);
        PeerNumbers.Assign(head);
        head.To(mode.Device);
        optimizer = new AdamW(head.Parameters(), 1e-4, weightDecay: 0);
    }

    public override bool Trains => true;

    public override double[] Check()
    {
        var loss = Gradients();
        var length = ClipGrad.TotalNorm(head.Parameters());
        optimizer.Step();
        using var no = GradMode.No();
        using var scope = Scope.Open();
        return [loss, length, Loss().Item<float>()];
    }

    public override void Run()
    {
        Gradients();
        optimizer.Step();
    }

    public override void Dispose()
    {
        optimizer.Dispose();
        head.Dispose();
        network.Dispose();
        images.Dispose();
        timesteps.Dispose();
        labels.Dispose();
    }

    private double Gradients()
    {
        using var scope = Scope.Open();
        optimizer.ZeroGrad();
        var loss = Loss();
        loss.Backward();
        return loss.Item<float>();
    }

    private Tensor Loss() => head.Forward(new FeatureMaps(Block, Features())).CrossEntropy(labels);

    private Tensor Features()
    {
        using var no = GradMode.No();
        return network.Run(images, timesteps, taps: Taps.At(Block))[Block];
    }
}
