using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Pictures that show what a diffusion network has learnt.</summary>
public static class SampleSheet
{
    private const int Steps = 25;

    /// <summary>Samples by DDIM with 25 steps.</summary>
    /// <param name="network">The network, in evaluation mode.</param>
    /// <param name="process">The process it was trained with.</param>
    /// <param name="size">Side of a sample, pixels.</param>
    /// <param name="count">Number of samples.</param>
    /// <param name="seed">Of the noise; class-conditional networks are given the classes in turn.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    public static IReadOnlyList<Image> Samples(UNet network, DiffusionRecipe process, int size, int count, ulong seed,
        CancellationToken cancellation = default)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var labels = network.Config.NumClasses is { } classes
            ? Tensor.From([.. Enumerable.Range(0, count).Select(i => (long)(i % classes))], [count])
            : null;
        var sampler = new DdimSampler(process.Make($"ddim{Math.Min(Steps, process.Timesteps)}"));
        var samples = sampler.Sample((x, t) => network.Forward(x, t, labels), [count, size, size, 3],
            new Generator(seed), cancellation: cancellation);
        return Images(samples);
    }

    /// <summary>A sheet of samples, as square as may be.</summary>
    /// <inheritdoc cref="Samples"/>
    public static Image Draw(UNet network, DiffusionRecipe process, int size, int count, ulong seed,
        CancellationToken cancellation = default) =>
        ContactSheet.Make(Samples(network, process, size, count, seed, cancellation), zoom: Math.Max(1, 64 / size));

    /// <summary>Pictures from network values [N, H, W, 3], -1 to 1.</summary>
    public static IReadOnlyList<Image> Images(Tensor x)
    {
        using var scope = Scope.Open();
        var bytes = ImageBytes.From(x).ToArray<byte>();
        var (n, height, width) = (x.Shape.Int(0), x.Shape.Int(1), x.Shape.Int(2));
        return [.. bytes.Chunk(bytes.Length / n).Select(pixels => new Image(width, height, pixels))];
    }
}
