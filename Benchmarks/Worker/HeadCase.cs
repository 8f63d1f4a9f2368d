using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;

namespace Diffract.Benchmarks.Worker;

/// <summary>One optimiser step of the Attention head (two transformer layers of width 1024, 1,000 classes) on block 24
/// of a frozen network, whose features are calculated in every step; or of DifFeed: the network runs to the last block
/// that feeds back, and feedback networks of the bottleneck strategy add to a second pass up to block 24, whose map the
/// head reads. Its check is the loss, the length of the gradient, and the loss after one step.</summary>
internal sealed class HeadCase : PeerCase
{
    private const int Block = 24, Classes = 1000;

    /// <summary>The published network for 64 pixels with 64 channels and no labels.</summary>
    private static readonly UNetConfig small = UNetPresets.ImageNet64 with
    {
        ModelChannels = 64,
        NumClasses = null,
        Dropout = 0,
    };

    private readonly UNet network;
    private readonly DifFeed? feed;
    private readonly AttentionHead head;
    private readonly AdamW optimizer;
    private readonly Tensor images, timesteps, labels;

    private HeadCase(WorkerMode mode, UNetConfig config, int batch, bool feeds)
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
        if (feeds)
        {
            var backbone = new DiffusionBackbone(network, new GaussianDiffusion(NoiseSchedule.Linear()));
            feed = new DifFeed(backbone, FeedbackStrategy.Bottleneck(network.Plan));
        }
        var map = network.Plan[Block];
        head = new AttentionHead([new FeatureInfo(Block, map.OutChannels, map.Out)], Classes);
        foreach (var module in Trained)
        {
            PeerNumbers.Assign(module);
            module.To(mode.Device);
        }
        optimizer = new AdamW([.. Parameters], 1e-4, weightDecay: 0);
    }

    private IEnumerable<Module> Trained => feed is null ? [head] : [head, feed];

    private IEnumerable<Tensor> Parameters => Trained.SelectMany(module => module.Parameters());

    /// <summary>Eight images of 64 pixels, whose block 24 is 192 channels of 16 x 16.</summary>
    public static HeadCase Small(WorkerMode mode) => new(mode, small, 8, feeds: false);

    /// <summary>DifFeed on four images of 64 pixels, with the same network.</summary>
    public static HeadCase SmallFeedback(WorkerMode mode) => new(mode, small, 4, feeds: true);

    /// <summary>DifFeed on the 256-pixel network.</summary>
    public static HeadCase LargeFeedback(WorkerMode mode, int batch) =>
        new(mode, UNetPresets.ImageNet256Unconditional, batch, feeds: true);

    public override bool Trains => true;

    public override double[] Check()
    {
        double loss;
        using (var counter = MultiplyAdds.Count())
        {
            loss = Gradients();
            var forwards = (double)counter.Total / timesteps.Count / network.Plan.Macs;
            Console.Error.WriteLine($"{counter.Total / 1e9:N1} GMAC a step, {forwards:0.00} whole forwards of the "
                + "network for each image");
        }
        var length = ClipGrad.TotalNorm(Parameters);
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
        feed?.Dispose();
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
        var map = feed is null ? Frozen() : feed.Run(images, timesteps, [Block]).Second[Block];
        return head.Forward(new FeatureMaps(Block, map)).CrossEntropy(labels);
    }

    private Tensor Frozen()
    {
        using var no = GradMode.No();
        return network.Run(images, timesteps, taps: Taps.At(Block))[Block];
    }
}
