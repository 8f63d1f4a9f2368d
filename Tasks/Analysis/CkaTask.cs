using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Compares layers by linear CKA, all pairs in one pass over the features.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="rows">Features of the row layers.</param>
/// <param name="columns">Features of the column layers, of the same images; null for the row layers.</param>
/// <param name="device">Where Gram matrices are calculated.</param>
public sealed class CkaTask(CkaRecipe recipe, IFeatureSource rows, IFeatureSource? columns, Device device)
{
    /// <summary>Compares everything.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <exception cref="DiffractException">The features are of different images, or of too few.</exception>
    public CkaResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        if (columns is not null && !SameImages(columns))
            throw new DiffractException($"the features are of different images ({rows.Count} and {columns.Count}): "
                + "layers are compared by what they say of the same ones, in the same order");
        var items = Items();
        var full = recipe.Estimator == CkaEstimator.Full;
        var least = full ? 2 : recipe.Batch;
        if (items.Length < least || (!full && recipe.Batch < 4))
            throw new DiffractException($"this estimator needs {(full ? "at least 2 images" : "batches of at least 4 "
                + "images, and one whole batch")}; found {items.Length} images and --batch {recipe.Batch}");
        if (full && items.Length > Gram.MostImages)
            throw new DiffractException($"matrices of {items.Length} by {items.Length} images are too large, "
                + $"{Gram.MostImages} are possible: take fewer with --images, or --estimator minibatch for all");
        var (rowLayers, columnLayers) = (Layers(rows), columns is null ? null : Layers(columns));
        var matrix = new CkaMatrix(recipe.Estimator, rowLayers.Length, columnLayers?.Length);
        var images = full ? AddAll(matrix, items, progress, cancellation)
            : AddBatches(matrix, items, progress, cancellation);
        var values = matrix.Values;
        return new CkaResult(images, Axis(rows), rowLayers, Axis(columns ?? rows), columnLayers ?? rowLayers,
            [.. Enumerable.Range(0, values.GetLength(0)).Select(i => (IReadOnlyList<double>)
                [.. Enumerable.Range(0, values.GetLength(1)).Select(j => values[i, j])])])
        {
            RowSpec = rows.Spec,
            ColumnSpec = (columns ?? rows).Spec,
        };
    }

    private int[] Items()
    {
        var count = recipe.Images == 0 ? rows.Count : Math.Min(recipe.Images, rows.Count);
        int[] items = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * rows.Count / count))];
        // Data are sorted by class as a rule, and a batch of one class is no sample of all images.
        return recipe.Estimator == CkaEstimator.Full
            ? items
            : [.. new Generator(recipe.Features.Seed).Permutation(count).Select(i => items[i])];
    }

    private bool SameImages(IFeatureSource other) => rows.Count == other.Count
        && Enumerable.Range(0, rows.Count).All(i => rows.Id(i) == other.Id(i));

    // A layer at a time, of which only the Gram matrix stays.
    private int AddAll(CkaMatrix matrix, int[] items, IRunProgress progress, CancellationToken cancellation)
    {
        var (found, read) = Grams(rows, items, progress, cancellation);
        if (columns is null) matrix.Add(found);
        else
        {
            var (others, readToo) = Grams(columns, items, progress, cancellation);
            CheckRead(read, readToo);
            matrix.Add(found, others);
        }
        return read.Count;
    }

    private (Gram[] Grams, IReadOnlyList<int> Read) Grams(IFeatureSource source, int[] items, IRunProgress progress,
        CancellationToken cancellation)
    {
        using var bar = progress.Begin("features", (long)items.Length * LayerFeatures.Passes(source),
            LayerFeatures.Unit(source));
        var grams = new List<Gram>();
        IReadOnlyList<int> read = [];
        foreach (var layer in LayerFeatures.Read(source, items, recipe.Pool, recipe.Batch, n => bar.Advance(n),
            cancellation))
            using (layer)
            {
                using var scope = Scope.Open();
                read = layer.Items;
                grams.Add(Gram.Of(layer.Rows.To(device), recipe.Estimator));
            }
        return ([.. grams], read);
    }

    private int AddBatches(CkaMatrix matrix, int[] items, IRunProgress progress, CancellationToken cancellation)
    {
        using var bar = progress.Begin("features", items.Length, "images");
        var pass = new FeaturePass(recipe.Batch);
        using var others = columns?.Batches(items, pass, cancellation).GetEnumerator();
        foreach (var batch in rows.Batches(items, pass, cancellation))
        {
            using var owned = batch;
            LabelledFeatures? other = null;
            if (others is not null) CheckRead(batch.Items, others.MoveNext() ? (other = others.Current).Items : []);
            using var ownedToo = other;
            bar.Advance(batch.Items.Count);
            // The estimator's weights are those of whole batches.
            if (batch.Items.Count < recipe.Batch) continue;
            using var no = GradMode.No();
            using var scope = Scope.Open();
            matrix.Add(Flat(batch.Maps), other is null ? null : Flat(other.Maps));
        }
        if (matrix.Batches == 0)
            throw new DiffractException("no batch of images is whole: too many of them could not be read");
        return matrix.Batches * recipe.Batch;
    }

    private Tensor[] Flat(FeatureMaps maps) =>
        [.. maps.All.Select(m => LayerFeatures.Flat(m.Map, recipe.Pool).To(device))];

    private static void CheckRead(IReadOnlyList<int> first, IReadOnlyList<int> second)
    {
        if (!first.SequenceEqual(second))
            throw new DiffractException("the two sets of features lack different images");
    }

    private static string Axis(IFeatureSource source) => source.Spec.Timesteps.Count == 1 ? "block"
        : source.Spec.Blocks.Count == 1 ? "timestep" : "layer";

    private static string[] Layers(IFeatureSource source) => [.. source.Spec.Timesteps.SelectMany(t =>
        source.Spec.Blocks.Select(b => Axis(source) switch
        {
            "block" => $"{b}",
            "timestep" => $"{t}",
            _ => $"t{t}.b{b}",
        }))];
}
