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
        if (images.Rank != 4 || images.Shape[0] != ids.Count)
            throw new ShapeException($"one number for each image is needed: {ids.Count} for images {images.Shape}");
        if (spec.Timesteps.Max() >= diffusion.Steps)
            throw new ArgumentException($"the schedule has time steps 0 to {diffusion.Steps - 1}, found "
                + $"{spec.Timesteps.Max()}");
        using var scope = Scope.Open();
        var taps = Taps.At(spec.Blocks);
        images = images.To(network.Device);
        var labels = Labels(images);
        var maps = new IReadOnlyList<FeatureMap>[spec.Timesteps.Count];
        for (var i = 0; i < maps.Length; i++)
            maps[i] = At(images, ids, labels, spec.Timesteps[i], spec.Blocks, taps, noise);
        return new FeatureMaps(maps).KeepIn(scope);
    }

    private List<FeatureMap> At(Tensor images, IReadOnlyList<long> ids, Tensor? labels, int timestep,
        IReadOnlyList<int> blocks, Taps taps, NoiseSource noise)
    {
        using var scope = Scope.Open();
        var steps = GaussianDiffusion.Repeat(timestep, images);
        var x = diffusion.QSample(images, steps, noise.For(ids, timestep, images.Shape[1..], images.Device));
        var told = diffusion.Timesteps(steps, images.Device);
        using var half = Autocast.Use(Half);
        using var products = MatMulSection.Use(images.Device, Products);
        var output = UsesRecordings
            ? network.RunRecorded(x, told, labels, taps)
            : network.Run(x, told, labels, taps);
        return [.. blocks.Select(b => new FeatureMap(b, scope.Keep(output[b].To(DType.Float32))))];
    }

    private Tensor? Labels(Tensor images)
    {
        if (label is not { } known) return null;
        var labels = new long[images.Shape.Int(0)];
        Array.Fill(labels, known);
        return Tensor.From(labels, [labels.Length]).To(images.Device);
    }
}
