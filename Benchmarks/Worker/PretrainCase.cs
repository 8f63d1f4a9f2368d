using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Benchmarks.Worker;

/// <summary>One optimiser step of pretraining on 32 images of 32 pixels, a network of 64 channels: hybrid loss,
/// gradients, AdamW, moving average. Its check is the loss and the length of the gradient for given steps and noise.
/// </summary>
internal sealed class PretrainCase : PeerCase
{
    private const int Batch = 32, Size = 32;

    private readonly DiffusionTrainer trainer = new(new PretrainRecipe
    {
        Data = "",
        ImageSize = Size,
        Channels = 64,
        ChannelMult = [1, 2, 2, 2],
        ResBlocks = 2,
        AttentionSizes = [16, 8],
        Batch = Batch,
    }, null);

    private readonly Tensor images = PeerNumbers.Maps("x", Batch, 3, [Size, Size], 1);
    private readonly Tensor labels = Tensor.Zeros([Batch], DType.Int64);

    public PretrainCase() => PeerNumbers.Assign(trainer.Network);

    public override double[] Check()
    {
        using var scope = Scope.Open();
        int[] t = [.. Enumerable.Range(0, Batch).Select(i => i * 37 % 1000)];
        var noise = PeerNumbers.Maps("noise", Batch, 3, [Size, Size]);
        var network = trainer.Network;
        var loss = trainer.Diffusion.Make().TrainingLosses((x, steps) => network.Forward(x, steps), images, t, noise)
            .Loss.Mean();
        loss.Backward();
        double[] check = [loss.Item<float>(), ClipGrad.TotalNorm(network.Parameters())];
        network.ZeroGrad();
        return check;
    }

    public override void Run() => trainer.Step(images, labels);

    public override void Dispose()
    {
        trainer.Dispose();
        images.Dispose();
        labels.Dispose();
    }
}
