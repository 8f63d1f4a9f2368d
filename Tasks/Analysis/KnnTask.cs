using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Classifies test images by their nearest training images, for every timestep and block.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="train">Features of the images that vote.</param>
/// <param name="test">Features of the images that are named.</param>
/// <param name="device">Where neighbours are looked for.</param>
public sealed class KnnTask(KnnRecipe recipe, IFeatureSource train, IFeatureSource test, Device device)
{
    /// <summary>Scores everything.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <exception cref="DiffractException">Training and test features do not fit, or have no labels.</exception>
    public KnnResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        Check();
        var (scores, images) = (new List<KnnScore>(), 0);
        foreach (var (voters, named) in Read(train, "training images", progress, cancellation)
            .Zip(Read(test, "test images", progress, cancellation)))
            using (voters)
            using (named)
            {
                images = voters.Items.Count;
                scores.AddRange(Score(voters, named, cancellation));
            }
        return new KnnResult(images, train.Classes.Count, scores);
    }

    private IEnumerable<LayerFeatures> Read(
        IFeatureSource source, string title, IRunProgress progress, CancellationToken cancellation)
    {
        using var bar = progress.Begin(title, (long)source.Count * LayerFeatures.Passes(source),
            LayerFeatures.Unit(source));
        foreach (var layer in LayerFeatures.Read(source, [.. Enumerable.Range(0, source.Count)], recipe.Pool,
            recipe.Batch, n => bar.Advance(n), cancellation))
            yield return layer;
    }

    private IEnumerable<KnnScore> Score(LayerFeatures voters, LayerFeatures named, CancellationToken cancellation)
    {
        using var scope = Scope.Open();
        using var knn = new WeightedKnn(voters.Rows.To(device),
            voters.Items.Select(i => (long)train.Label(i)).ToArray(), train.Classes.Count, recipe.Cosine);
        var scores = recipe.K.Select(_ => new ClassificationScore(train.Classes)).ToArray();
        foreach (var rows in Enumerable.Range(0, named.Items.Count).Chunk(knn.BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = Scope.Open();
            var found = knn.Nearest(named.Rows.Slice(0, rows[0], rows.Length).To(device), recipe.K.Max());
            var labels = Tensor.From([.. rows.Select(r => (long)test.Label(named.Items[r]))], [rows.Length]);
            for (var i = 0; i < scores.Length; i++)
                scores[i].Add(knn.Votes(found, recipe.K[i], recipe.Temperature), labels);
        }
        return [.. scores.Select((s, i) =>
            new KnnScore(voters.Timestep, voters.Block, recipe.K[i], s.Top1, s.Top5))];
    }

    private void Check()
    {
        if (train.Spec != test.Spec)
            throw new DiffractException($"training features are {train.Spec}; test features are {test.Spec}");
        if (train.Classes.Count == 0 || test.Classes.Count == 0)
            throw new DiffractException(
                "neighbours need labels to vote with: put the images of each class in a folder of its own");
        if (!train.Classes.SequenceEqual(test.Classes))
            throw new DiffractException($"training images have {train.Classes.Count} classes, test images "
                + $"{test.Classes.Count}, or others");
        if (train.Origin.ImageSize is > 0 and var one && test.Origin.ImageSize is > 0 and var other && one != other)
            throw new DiffractException($"training features are of images of {one} pixels, test features of {other}");
        foreach (var (wanted, found) in train.Blocks.Zip(test.Blocks))
            if (wanted.Channels != found.Channels || (recipe.Pool != 1 && wanted.Size != found.Size))
                throw new DiffractException($"training features have {wanted}, test features {found}");
        if (recipe.K.Max() > train.Count)
            throw new DiffractException($"there are {train.Count} training images, found k {recipe.K.Max()}");
    }
}
