using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Feature maps as they are stored: channels first, one row an image, all noise draws of it together.
/// </summary>
/// <param name="backbone">Gives the maps.</param>
/// <param name="spec">Timesteps and blocks.</param>
/// <param name="draws">Noise draws for each image and timestep.</param>
/// <param name="seed">Of the noise.</param>
/// <param name="pool">Side larger maps are averaged to; 0 to keep them.</param>
/// <param name="dtype">Float32 or Float16.</param>
public sealed class FeatureRows(IBackbone backbone, FeatureSpec spec, int draws, ulong seed, int pool, DType dtype)
{
    /// <summary>Name and shape [draws, C, H, W] of an image's row, timestep by timestep, block by block.</summary>
    /// <param name="imageSize">Side of the images, pixels.</param>
    public IReadOnlyList<(string Name, Shape Row)> Shapes(int imageSize)
    {
        var blocks = backbone.Blocks(new MapSize(imageSize, imageSize));
        if (spec.Blocks.Max() > blocks.Count)
            throw new DiffractException($"the network has blocks 1 to {blocks.Count}, found block {spec.Blocks.Max()}");
        return [.. spec.Timesteps.SelectMany(t => spec.Blocks.Select(b =>
        {
            var size = blocks[b - 1].Size.AtMost(pool);
            return (FeatureFileHeader.TensorName(t, b),
                Shape.Of(draws, blocks[b - 1].Channels, size.Height, size.Width));
        }))];
    }

    /// <summary>The rows of a batch.</summary>
    /// <param name="images">[N, S, S, 3], -1 to 1.</param>
    /// <param name="ids">A lasting number for each image.</param>
    /// <returns>[N, draws, C, H, W] for every timestep and block, on the CPU; the caller's.</returns>
    public Tensor[] Of(Tensor images, IReadOnlyList<long> ids)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var stored = new Tensor[draws][];
        for (var draw = 0; draw < draws; draw++)
        {
            using var inner = Scope.Open();
            stored[draw] = [.. backbone.Extract(images, ids, spec, new NoiseSource(seed, draw)).All
                .Select(m => inner.Keep(Stored(m.Map)))];
        }
        // The first of them is waited for, when everything of the batch is queued.
        Tensor[] rows = [.. Enumerable.Range(0, stored[0].Length)
            .Select(i => Tensor.Stack(1, [.. stored.Select(d => d[i])]))];
        return [.. rows.Select(row => Scope.Detach(row.To(Device.Cpu)))];
    }

    /// <summary>The rows of a whole data set, in memory.</summary>
    /// <param name="data">Labelled images.</param>
    /// <param name="imageSize">Side of the images given to the network, pixels.</param>
    /// <param name="batch">Images at once.</param>
    /// <param name="onBatch">Called with the number of images of every batch.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    public FeatureTable Table(ImageDataset data, int imageSize, int batch, Action<int>? onBatch = null,
        CancellationToken cancellation = default)
    {
        var shapes = Shapes(imageSize);
        var all = shapes
            .Select(s => Scope.Detach(Tensor.Empty(Shape.Of([data.Count, .. s.Row.ToArray()]), dtype)))
            .ToArray();
        var loader = new Loader(data, LoaderOptions.Evaluation(imageSize, batch), new BrokenImages(stop: true));
        foreach (var part in loader.Epoch(cancellation: cancellation))
            using (part)
            {
                var rows = Of(part.Images, [.. part.Indices.Select(i => (long)i)]);
                for (var i = 0; i < rows.Length; i++)
                    using (rows[i])
                    using (var target = all[i].Slice(0, part.Indices[0], part.Count))
                        target.Assign(rows[i]);
                onBatch?.Invoke(part.Count);
            }
        return new FeatureTable(spec, [.. all.Chunk(spec.Blocks.Count)],
            [.. Enumerable.Range(0, data.Count).Select(i => (long)data.Label(i))], data.ClassNames,
            [.. Enumerable.Range(0, data.Count).Select(data.Id)]);
    }

    private Tensor Stored(Tensor map) => map.AveragedToAtMost(pool).Permute(0, 3, 1, 2).To(dtype).Contiguous();
}
