using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;

namespace Diffract.Benchmarks.Worker;

/// <summary>One optimiser step of pretraining: hybrid loss, gradients, AdamW, moving average. Its check is the loss and
/// the length of the gradient for given timesteps and noise, and the losses of the steps that follow with the same.
/// </summary>
internal sealed class PretrainCase : PeerCase
{
    private readonly DiffusionTrainer trainer;
    private readonly Tensor images, labels, noise;
    private readonly TimestepDraw draw;
    private readonly int steps;

    private PretrainCase(WorkerMode mode, PretrainRecipe recipe, int steps)
    {
        this.steps = steps;
        var (batch, size) = (recipe.Batch, recipe.ImageSize);
        trainer = new DiffusionTrainer(recipe with { Precision = mode.Precision }, null, mode.Device);
        PeerNumbers.Assign(trainer.Network);
        images = mode.Place(PeerNumbers.Maps("x", batch, 3, [size, size], 1));
        labels = mode.Place(Tensor.Zeros([batch], DType.Int64));
        noise = mode.Place(PeerNumbers.Maps("noise", batch, 3, [size, size]));
        draw = new([.. Enumerable.Range(0, batch).Select(i => i * 37 % 1000)], [.. Enumerable.Repeat(1.0, batch)]);
    }

    /// <summary>A network of 64 channels for images of 32 pixels, 32 of which are a batch.</summary>
    public static PretrainRecipe SmallRecipe { get; } = new()
    {
        Data = "",
        ImageSize = 32,
        Channels = 64,
        ChannelMult = [1, 2, 2, 2],
        ResBlocks = 2,
        AttentionSizes = [16, 8],
        Batch = 32,
    };

    public override bool Trains => true;

    /// <summary>32 images of 32 pixels, a network of 64 channels; the loss before and after a step.</summary>
    public static PretrainCase Small(WorkerMode mode) => new(mode, SmallRecipe, 2);

    /// <summary>The unconditional 256-pixel network, or a tiny one to try it with; three losses.</summary>
    /// <param name="mode">Where and how.</param>
    /// <param name="size">Side of the images: 256, or 8 for the tiny network.</param>
    /// <param name="batch">Images.</param>
    /// <param name="recompute">True to run blocks again in backward.</param>
    /// <returns>Null for another size.</returns>
    public static PretrainCase? Of(WorkerMode mode, int size, int batch, bool recompute)
    {
        PretrainRecipe? recipe = size switch
        {
            256 => SmallRecipe with
            {
                Channels = 256,
                ChannelMult = UNetPresets.ImageNet256Unconditional.ChannelMult,
                AttentionSizes = [32, 16, 8],
                HeadChannels = 64,
            },
            8 => SmallRecipe with { Channels = 32, ChannelMult = [1, 2], ResBlocks = 1, AttentionSizes = [4] },
            _ => null,
        };
        return recipe is null ? null
            : new(mode, recipe with { ImageSize = size, Batch = batch, Recompute = recompute }, 3);
    }

    public override double[] Check()
    {
        DiffusionStep[] made =
            [.. Enumerable.Range(0, steps).Select(_ => trainer.Step(images, labels, draw, noise))];
        return [made[0].Loss, made[0].GradNorm, .. made[1..].Select(step => step.Loss)];
    }

    public override void Run() => trainer.Step(images, labels);

    public override void Dispose()
    {
        trainer.Dispose();
        images.Dispose();
        labels.Dispose();
        noise.Dispose();
    }
}
