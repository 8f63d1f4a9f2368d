using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Pictures that show what a diffusion network has learnt.</summary>
public static class SampleSheet
{
    // Ancestral sampling forgives what a network that is not yet trained out gets wrong at the first, noisiest steps:
    // DDIM, with as many steps, still shows noise where this shows pictures.
    internal const int Steps = 100;

    /// <summary>Samples by ancestral sampling in 100 steps.</summary>
    /// <param name="network">The network, in evaluation mode; samples are made on its device.</param>
    /// <param name="process">The process it was trained with.</param>
    /// <param name="size">Side of a sample, pixels.</param>
    /// <param name="count">Number of samples.</param>
    /// <param name="seed">Of the noise; class-conditional networks are given the classes in turn.</param>
    /// <param name="progress">Told of every step; nobody when null.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    public static IReadOnlyList<Image> Samples(UNet network, DiffusionRecipe process, int size, int count, ulong seed,
        IRunProgress? progress = null, CancellationToken cancellation = default)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var labels = network.Config.NumClasses is { } classes
            ? Tensor.From([.. Enumerable.Range(0, count).Select(i => (long)(i % classes))], [count])
                .To(network.Device)
            : null;
        var sampler = new DdpmSampler(process.Make($"{Math.Min(Steps, process.Timesteps)}"));
        using var bar = (progress ?? RunProgress.None).Begin("sampling", sampler.Diffusion.Steps, "steps");
        var generator = new Generator(seed);
        Tensor? samples = null;
        foreach (var step in sampler.Steps(network.AsDenoiser(labels),
            Tensor.Randn([count, size, size, 3], generator, device: network.Device), Sampler.NoiseOf(generator),
            cancellation))
        {
            if (step.Done == step.Total) samples = step.Sample.Detach();
            bar.Advance();
        }
        return Images(samples!);
    }

    /// <summary>A sheet of samples, as square as may be.</summary>
    /// <inheritdoc cref="Samples"/>
    public static Image Draw(UNet network, DiffusionRecipe process, int size, int count, ulong seed,
        IRunProgress? progress = null, CancellationToken cancellation = default) =>
        ContactSheet.Make(Samples(network, process, size, count, seed, progress, cancellation),
            zoom: Math.Max(1, 64 / size));

    /// <summary>Pictures from network values [N, H, W, 3], -1 to 1.</summary>
    public static IReadOnlyList<Image> Images(Tensor x)
    {
        using var scope = Scope.Open();
        var bytes = ImageBytes.From(x).ToArray<byte>();
        var (n, height, width) = (x.Shape.Int(0), x.Shape.Int(1), x.Shape.Int(2));
        return [.. bytes.Chunk(bytes.Length / n).Select(pixels => new Image(width, height, pixels))];
    }
}
