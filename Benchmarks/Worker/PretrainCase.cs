using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Benchmarks.Worker;

/// <summary>One optimiser step of pretraining on 32 images of 32 pixels, a network of 64 channels: hybrid loss,
/// gradients, AdamW, moving average. Its check is the loss and the length of the gradient for given steps and noise,
/// and the loss after a step.</summary>
internal sealed class PretrainCase : PeerCase
{
    private const int Batch = 32, Size = 32;

    private static readonly PretrainRecipe recipe = new()
    {
        Data = "",
        ImageSize = Size,
        Channels = 64,
        ChannelMult = [1, 2, 2, 2],
        ResBlocks = 2,
        AttentionSizes = [16, 8],
        Batch = Batch,
    };

    private readonly DiffusionTrainer trainer;
    private readonly Tensor images, labels, noise;

    public PretrainCase(WorkerMode mode)
    {
        trainer = new DiffusionTrainer(recipe, null, mode.Device);
        PeerNumbers.Assign(trainer.Network);
        images = mode.Place(PeerNumbers.Maps("x", Batch, 3, [Size, Size], 1));
        labels = mode.Place(Tensor.Zeros([Batch], DType.Int64));
        noise = mode.Place(PeerNumbers.Maps("noise", Batch, 3, [Size, Size]));
    }

    public override double[] Check()
    {
        double loss, length;
        var network = trainer.Network;
        using (Scope.Open())
        {
            var mean = Loss();
            mean.Backward();
            (loss, length) = (mean.Item<float>(), ClipGrad.TotalNorm(network.Parameters()));
            // The trainer draws steps and noise of its own: the same step by hand.
            using var optimizer = new AdamW(network.Parameters(), 1e-4, weightDecay: 0);
            optimizer.Step();
            network.ZeroGrad();
        }
        using var no = GradMode.No();
        using var scope = Scope.Open();
        return [loss, length, Loss().Item<float>()];
    }

    public override void Run() => trainer.Step(images, labels);

    public override void Dispose()
    {
        trainer.Dispose();
        images.Dispose();
        labels.Dispose();
        noise.Dispose();
    }

    private Tensor Loss()
    {
        int[] t = [.. Enumerable.Range(0, Batch).Select(i => i * 37 % 1000)];
        return trainer.Diffusion.Make()
            .TrainingLosses((x, steps) => trainer.Network.Forward(x, steps), images, t, noise).Loss.Mean();
    }
}
