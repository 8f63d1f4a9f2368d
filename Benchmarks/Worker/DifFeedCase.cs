using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;

namespace Diffract.Benchmarks.Worker;

/// <summary>One optimiser step of DifFeed: a frozen network runs to the last block that feeds back, feedback networks
/// of the bottleneck strategy add to a second pass up to block 24, whose map the Attention head (two transformer layers
/// of width 1024, 1,000 classes) reads. Its check is the loss, the length of the gradient, and the loss after one step.
/// </summary>
internal sealed class DifFeedCase : PeerCase
{
    private const int Block = 24, Classes = 1000;

    private readonly UNet network;
    private readonly DifFeed feed;
    private readonly AttentionHead head;
    private readonly AdamW optimizer;
    private readonly Tensor images, timesteps, labels;

    private DifFeedCase(WorkerMode mode, UNetConfig config, int batch)
    {
        network = new UNet(config);
        network.RequiresGrad(false);
        mode.ApplyTo(network);
        PeerNumbers.Assign(network);
        network.Eval();
        network.To(mode.Device);
        images = mode.Place(PeerNumbers.Maps("x", batch, 3, [config.ImageSize, config.ImageSize]));
        timesteps = mode.Place(Tensor.Full([batch], 150f));
        labels = mode.Place(Tensor.From(Enumerable.Range(0, batch).Select(i => i * 125L).ToArray(), [batch]));
        var backbone = new DiffusionBackbone(network, new GaussianDiffusion(NoiseSchedule.Linear()));
        feed = new DifFeed(backbone, FeedbackStrategy.Bottleneck(network.Plan));
        var map = network.Plan[Block];
        head = new AttentionHead([new FeatureInfo(Block, map.OutChannels, map.Out)], Classes);
        PeerNumbers.Assign(feed);
        PeerNumbers.Assign(head);
        feed.To(mode.Device);
        head.To(mode.Device);
        optimizer = new AdamW([.. Trained], 1e-4, weightDecay: 0);
    }

    private IEnumerable<Tensor> Trained => head.Parameters().Concat(feed.Parameters());

    /// <summary>Four images of 64 pixels, the network of <see cref="HeadCase"/>.</summary>
    public static DifFeedCase Small(WorkerMode mode) => new(mode, HeadCase.Config, 4);

    /// <summary>The 256-pixel network.</summary>
    public static DifFeedCase Large(WorkerMode mode, int batch) =>
        new(mode, UNetPresets.ImageNet256Unconditional, batch);

    public override double[] Check()
    {
        double loss;
        using (var counter = MultiplyAdds.Count())
        {
            loss = Gradients();
            var forwards = (double)counter.Total / timesteps.Count / network.Plan.Macs;
            Console.Error.WriteLine($"DifFeed: {counter.Total / 1e9:N1} GMAC a step, "
                + $"{forwards:0.00} whole forwards of the network for each image");
        }
        var length = ClipGrad.TotalNorm([.. Trained]);
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
        feed.Dispose();
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

    private Tensor Loss()
    {
        var map = feed.Run(images, timesteps, [Block]).Second[Block];
        return head.Forward(new FeatureMaps(Block, map)).CrossEntropy(labels);
    }
}
