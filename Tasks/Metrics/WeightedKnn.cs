using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Names images by those of the training images that are most alike: the k nearest vote for their classes,
/// with weights exp(similarity / temperature) (Wu et al. 2018). Similarity is the dot product, of features of length 1
/// (cosine) or of features as they are. Everything runs on the features' device.</summary>
public sealed class WeightedKnn : IDisposable
{
    // Similarities that are held at once, test by training images: 64 MiB of float32.
    private const long MostSimilarities = 1 << 24;

    private readonly Tensor train, labels, all;
    private readonly bool cosine;

    /// <summary>Keeps the training images' features.</summary>
    /// <param name="features">Float32 or float64 [images, features].</param>
    /// <param name="labels">Class of each image, 0 to <paramref name="classes"/> - 1.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="cosine">Divides features by their length first; zeros stay zeros.</param>
    /// <exception cref="ShapeException">Features and labels do not fit.</exception>
    /// <exception cref="DiffractException">A label is not a class.</exception>
    public WeightedKnn(Tensor features, ReadOnlySpan<long> labels, int classes, bool cosine = true)
    {
        if (features.Rank != 2 || features.Shape[0] != labels.Length || labels.Length == 0)
            throw new ShapeException($"{labels.Length} labels do not fit features {features.Shape}");
        foreach (var label in labels)
            if (label < 0 || label >= classes)
                throw new DiffractException($"labels go from 0 to {classes - 1}, found {label}");
        (this.cosine, Classes) = (cosine, classes);
        using var no = GradMode.No();
        using var scope = Scope.Open();
        train = Scope.Detach(cosine ? Prepared(features) : features.Clone());
        // Numbers of classes, not a row of all classes for each image.
        this.labels = Scope.Detach(Tensor.From(labels, [labels.Length]).To(features.DType).To(features.Device));
        all = Scope.Detach(Tensor.Arange(0, classes, 1, features.DType, features.Device));
    }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Number of training images.</summary>
    public int Count => train.Shape.Int(0);

    /// <summary>Test images that fit at once; more are better asked for in turn.</summary>
    public int BatchSize => (int)Math.Clamp(MostSimilarities / Math.Min(Count, Chunk), 1, 256);

    // Training images are met in chunks, of which only the nearest stay.
    private static int Chunk => 1 << 16;

    /// <summary>Finds the nearest training images.</summary>
    /// <param name="features">[N, features], of the training features' type and device.</param>
    /// <param name="k">How many; all where there are fewer.</param>
    public Neighbours Nearest(Tensor features, int k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var test = Prepared(features);
        Tensor? best = null, at = null;
        for (var from = 0; from < Count; from += Chunk)
        {
            var part = train.Slice(0, from, Math.Min(Chunk, Count - from));
            var (values, indices) = test.MatMul(part, transposeB: true).TopK(Math.Min(k, part.Shape[0]));
            indices += from;
            if (best is not null)
            {
                // What was found before stands first, so it stays before what is equal and comes later.
                (values, indices) = (Tensor.Concat(1, best, values), Tensor.Concat(1, at!, indices));
                var (kept, order) = values.TopK(Math.Min(k, values.Shape[1]));
                (values, indices) = (kept, indices.Gather(1, order));
            }
            (best, at) = (values, indices);
        }
        return new Neighbours(scope.Keep(best!), scope.Keep(at!));
    }

    /// <summary>The share of the votes that each class gets from the nearest images: softmax(similarity / temperature)
    /// summed by class, which cannot overflow and has the order of the summed weights.</summary>
    /// <param name="found">At least the <paramref name="k"/> nearest.</param>
    /// <param name="k">How many of them vote.</param>
    /// <param name="temperature">Above 0; low values leave the vote to the very nearest.</param>
    /// <returns>[N, classes]; rows sum to 1.</returns>
    public Tensor Votes(Neighbours found, int k, double temperature)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        k = Math.Min(k, found.Similarities.Shape.Int(1));
        var n = found.Similarities.Shape[0];
        var weights = (found.Similarities.Slice(1, 0, k) / temperature).Softmax();
        var voters = labels.IndexSelect(0, found.Indices.Slice(1, 0, k).Contiguous().Reshape(n * k));
        var ballots = voters.Reshape(n, k, 1).Equal(all).To(weights.DType);
        return scope.Keep(weights.Reshape(n, 1, k).MatMul(ballots).Reshape(n, Classes));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        train.Dispose();
        labels.Dispose();
        all.Dispose();
    }

    private Tensor Prepared(Tensor features) =>
        cosine ? features / features.Norm2([1], keepDim: true).Maximum(1e-12) : features;
}
