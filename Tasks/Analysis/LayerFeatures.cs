using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>The features of one block at one timestep as a matrix.</summary>
/// <param name="Timestep">0-based.</param>
/// <param name="Block">1-based.</param>
/// <param name="Rows">Float32 [images, height · width · channels], on the CPU.</param>
/// <param name="Items">Position of each row's image in its source; images that cannot be read are not there.</param>
public sealed record LayerFeatures(int Timestep, int Block, Tensor Rows, IReadOnlyList<int> Items) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Rows.Dispose();

    /// <summary>How often <see cref="Read"/> goes through the images: once for each layer of a table, which lie one
    /// after the other, and once for all layers of a network.</summary>
    public static int Passes(IFeatureSource source) =>
        source is FeatureTable ? source.Spec.Timesteps.Count * source.Spec.Blocks.Count : 1;

    /// <summary>What <see cref="Read"/> counts, in the plural: images, or their maps, one for each layer.</summary>
    public static string Unit(IFeatureSource source) => Passes(source) == 1 ? "images" : "maps";

    /// <summary>Reads all layers, timestep by timestep, block by block. Those of a table come one by one, so that only
    /// one is in memory; a network makes them all at once.</summary>
    /// <param name="source">Features.</param>
    /// <param name="items">Which images.</param>
    /// <param name="pool">Side larger maps are averaged to; 0 to keep them.</param>
    /// <param name="batch">Images at once.</param>
    /// <param name="onBatch">Called with the number of images of every batch.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <returns>Layers that the caller disposes.</returns>
    public static IEnumerable<LayerFeatures> Read(IFeatureSource source, IReadOnlyList<int> items, int pool, int batch,
        Action<int>? onBatch = null, CancellationToken cancellation = default)
    {
        if (source is not FeatureTable table)
        {
            foreach (var layer in Collect(source, items, pool, batch, onBatch, cancellation)) yield return layer;
            yield break;
        }
        foreach (var t in source.Spec.Timesteps)
            foreach (var b in source.Spec.Blocks)
            {
                using var part = table.Select(t, b);
                yield return Collect(part, items, pool, batch, onBatch, cancellation)[0];
            }
    }

    /// <summary>A map's images as rows.</summary>
    /// <param name="map">[N, H, W, C].</param>
    /// <param name="pool">Side a larger map is averaged to; 0 to keep it.</param>
    /// <returns>Float32 [N, features].</returns>
    public static Tensor Flat(Tensor map, int pool)
    {
        var small = map.AveragedToAtMost(pool);
        return small.To(DType.Float32).Reshape([small.Shape[0], small.Count / small.Shape[0]]);
    }

    private static LayerFeatures[] Collect(IFeatureSource source, IReadOnlyList<int> items, int pool, int batch,
        Action<int>? onBatch, CancellationToken cancellation)
    {
        Tensor[]? layers = null;
        var read = new List<int>();
        try
        {
            foreach (var part in source.Batches(items, new FeaturePass(batch), cancellation))
            {
                using var owned = part;
                using var no = GradMode.No();
                using var scope = Scope.Open();
                Tensor[] rows = [.. part.Maps.All.Select(m => Flat(m.Map, pool).To(Device.Cpu))];
                layers ??= [.. rows.Select(r => Scope.Detach(Tensor.Empty([items.Count, r.Shape[1]])))];
                for (var i = 0; i < rows.Length; i++)
                    layers[i].Slice(0, read.Count, part.Items.Count).Assign(rows[i]);
                read.AddRange(part.Items);
                onBatch?.Invoke(part.Items.Count);
            }
            if (layers is null) throw new DiffractException("none of the images could be read");
            var made = layers;
            return [.. source.Spec.Timesteps.SelectMany((t, i) => source.Spec.Blocks.Select((b, j) =>
                new LayerFeatures(t, b, Cut(made[i * source.Spec.Blocks.Count + j], read.Count), read)))];
        }
        catch
        {
            foreach (var layer in layers ?? []) layer.Dispose();
            throw;
        }
    }

    private static Tensor Cut(Tensor rows, int count)
    {
        if (rows.Shape[0] == count) return rows;
        using (rows) return Scope.Detach(rows.Slice(0, 0, count));
    }
}
