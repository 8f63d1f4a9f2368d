using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>The noise that samples are made of.</summary>
internal abstract class SampleNoise
{
    /// <summary>The noise of a recipe.</summary>
    public static SampleNoise Of(SampleRecipe recipe) =>
        recipe.TorchNoise ? new Torch(recipe.Seed) : new Seeded(recipe.Seed);

    /// <summary>Where sampling starts: standard normal.</summary>
    /// <param name="ids">Numbers of the images.</param>
    /// <param name="image">Shape of one: [H, W, C].</param>
    /// <param name="process">The steps that will be made.</param>
    /// <param name="device">Where to.</param>
    public abstract Tensor Start(IReadOnlyList<long> ids, Shape image, GaussianDiffusion process, Device device);

    /// <summary>The noise of each step.</summary>
    /// <inheritdoc cref="Start"/>
    public abstract StepNoise Steps(IReadOnlyList<long> ids, GaussianDiffusion process);

    /// <summary>Passes over a batch that is there already.</summary>
    /// <param name="numbers">Numbers in it.</param>
    /// <param name="draws">How often noise of its shape is drawn for it.</param>
    public abstract void Skip(long numbers, int draws);

    // By image and timestep, and nothing else.
    private sealed class Seeded(ulong seed) : SampleNoise
    {
        private readonly NoiseSource source = new(seed);

        // No step of the process has this number.
        public override Tensor Start(
            IReadOnlyList<long> ids, Shape image, GaussianDiffusion process, Device device) =>
            source.For(ids, process.Schedule.OriginalSteps, image, device);

        public override StepNoise Steps(IReadOnlyList<long> ids, GaussianDiffusion process) => (step, like) =>
            source.For(ids, process.Schedule.TimestepMap[process.Steps - 1 - step], like.Shape[1..], like.Device);

        public override void Skip(long numbers, int draws) { }
    }

    // One sequence for the whole run, in the order in which PyTorch fills [N, C, H, W].
    private sealed class Torch(ulong seed) : SampleNoise
    {
        private readonly TorchGenerator generator = new(seed);

        public override Tensor Start(
            IReadOnlyList<long> ids, Shape image, GaussianDiffusion process, Device device) =>
            Draw([ids.Count, .. image], device);

        public override StepNoise Steps(IReadOnlyList<long> ids, GaussianDiffusion process) =>
            (_, like) => Draw(like.Shape, like.Device);

        public override void Skip(long numbers, int draws)
        {
            for (var i = 0; i < draws; i++) generator.Normal(checked((int)numbers));
        }

        private Tensor Draw(Shape shape, Device device)
        {
            using var scope = Scope.Open();
            var (n, h, w, c) = (shape[0], shape[1], shape[2], shape[3]);
            var drawn = Tensor.From(generator.Normal(checked((int)shape.Count)), [n, c, h, w]);
            return scope.Keep(drawn.Permute(0, 2, 3, 1).Contiguous().To(device));
        }
    }
}
