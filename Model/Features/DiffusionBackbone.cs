using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A diffusion U-Net as a feature extractor: noise is added to the images up to a time step, and the outputs
/// of blocks are taken on the way. The network stops after the last block that is wanted.</summary>
/// <param name="network">The U-Net.</param>
/// <param name="diffusion">The noise schedule it was trained with.</param>
/// <param name="label">The label given for every image to a class-conditional network; null for others.</param>
public sealed class DiffusionBackbone(UNet network, GaussianDiffusion diffusion, int? label = null) : IBackbone
{
    /// <summary>The U-Net.</summary>
    public UNet Network => network;

    /// <summary>The noise schedule.</summary>
    public GaussianDiffusion Diffusion => diffusion;

    /// <summary>False to queue every kernel of every forward, where a device could repeat a recording; see
    /// <see cref="UNet.RunRecorded"/>.</summary>
    public bool UsesRecordings { get; init; } = true;

    /// <summary>The 16-bit type in which the network calculates its products and keeps its activations; null for
    /// float32. Maps are float32 in any case.</summary>
    public DType? Half { get; init; }

    /// <summary>How a GPU multiplies the network's float32 numbers; null to do it as the device does everything else.
    /// </summary>
    public MatMulPrecision? Products { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<FeatureInfo> Blocks(MapSize? input = null) =>
        [.. (input is { } size ? network.Plan.At(size) : network.Plan).Blocks
            .Select(b => new FeatureInfo(b.Number, b.OutChannels, b.Out))];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A block or a time step does not exist.</exception>
    public FeatureMaps Extract(Tensor images, IReadOnlyList<long> ids, FeatureSpec spec, NoiseSource noise)
    {
        var taps = Taps.At(spec.Blocks);
        return Extract(images, ids, spec, noise, noised =>
        {
            var output = Run(noised.X, noised.Timesteps, noised.Labels, taps);
            return [.. spec.Blocks.Select(b => new FeatureMap(b, output[b]))];
        });
    }

    /// <summary>Images with their noise, as the network takes them.</summary>
    /// <param name="X">[N, H, W, C].</param>
    /// <param name="Timesteps">[N].</param>
    /// <param name="Labels">[N], for class-conditional networks.</param>
    internal readonly record struct Noised(Tensor X, Tensor Timesteps, Tensor? Labels);

    /// <summary>As <see cref="Extract(Tensor, IReadOnlyList{long}, FeatureSpec, NoiseSource)"/>, with other maps for
    /// each time step, which become float32.</summary>
    internal FeatureMaps Extract(Tensor images, IReadOnlyList<long> ids, FeatureSpec spec, NoiseSource noise,
        Func<Noised, IReadOnlyList<FeatureMap>> pass)
    {
        if (images.Rank != 4 || images.Shape[0] != ids.Count)
            throw new ShapeException($"one number for each image is needed: {ids.Count} for images {images.Shape}");
        if (spec.Timesteps.Max() >= diffusion.Steps)
            throw new ArgumentException($"the schedule has time steps 0 to {diffusion.Steps - 1}, found "
                + $"{spec.Timesteps.Max()}");
        using var scope = Scope.Open();
        images = images.To(network.Device);
        var labels = Labels(images);
        var maps = new IReadOnlyList<FeatureMap>[spec.Timesteps.Count];
        for (var i = 0; i < maps.Length; i++)
        {
            using var step = Scope.Open();
            var (x, told) = Noise(images, ids, spec.Timesteps[i], noise);
            using var half = Autocast.Use(Half);
            using var products = MatMulSection.Use(images.Device, Products);
            maps[i] = [.. pass(new Noised(x, told, labels))
                .Select(m => m with { Map = step.Keep(m.Map.To(DType.Float32)) })];
        }
        return new FeatureMaps(maps).KeepIn(scope);
    }

    /// <summary>The network, recorded where that is possible.</summary>
    internal UNetOutput Run(Tensor x, Tensor timesteps, Tensor? labels, Taps taps) => UsesRecordings
        ? network.RunRecorded(x, timesteps, labels, taps)
        : network.Run(x, timesteps, labels, taps);

    private (Tensor X, Tensor Timesteps) Noise(
        Tensor images, IReadOnlyList<long> ids, int timestep, NoiseSource noise)
    {
        var steps = GaussianDiffusion.Repeat(timestep, images);
        var x = diffusion.QSample(images, steps, noise.For(ids, timestep, images.Shape[1..], images.Device));
        return (x, diffusion.Timesteps(steps, images.Device));
    }

    private Tensor? Labels(Tensor images)
    {
        if (label is not { } known) return null;
        var labels = new long[images.Shape.Int(0)];
        Array.Fill(labels, known);
        return Tensor.From(labels, [labels.Length]).To(images.Device);
    }
}
