using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>How a head did on some images.</summary>
/// <param name="Classes">Top-1, top-5 and the confusion matrix.</param>
/// <param name="Loss">Mean cross-entropy.</param>
public sealed record HeadScore(ClassificationScore Classes, double Loss)
{
    /// <summary>Top-1, 0 to 1.</summary>
    public double Accuracy => Classes.Top1.Value;
}

/// <summary>Runs heads over images.</summary>
public static class HeadEvaluation
{
    /// <summary>Scores a head, on the device that it is on.</summary>
    /// <param name="head">A head made for the source's maps.</param>
    /// <param name="source">Features.</param>
    /// <param name="items">Which images.</param>
    /// <param name="batch">Images at once.</param>
    /// <param name="draws">Noise draws of each image, whose probabilities are averaged.</param>
    /// <param name="onBatch">Called with the number of images of every batch.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <exception cref="DiffractException">A logit is NaN, the source has fewer draws, or none of the images could be
    /// read.</exception>
    public static HeadScore Run(Head head, IFeatureSource source, IReadOnlyList<int> items, int batch, int draws = 1,
        Action<int>? onBatch = null, CancellationToken cancellation = default) =>
        Run([head], source, items, batch, draws, onBatch, cancellation)[0]
        ?? throw new DiffractException("the head's scores are not numbers: it, its network or their input is broken");

    /// <summary>Scores several heads on the same maps, each of which is calculated once.</summary>
    /// <param name="heads">Heads made for the source's maps, with the same in front of them.</param>
    /// <param name="source">Features.</param>
    /// <param name="items">Which images.</param>
    /// <param name="batch">Images at once.</param>
    /// <param name="draws">Noise draws of each image, whose probabilities are averaged.</param>
    /// <param name="onBatch">Called with the number of images of every batch.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <returns>A score for each head; none for one with a logit that is NaN.</returns>
    /// <exception cref="DiffractException">The source has fewer draws, or none of the images could be read.</exception>
    public static IReadOnlyList<HeadScore?> Run(IReadOnlyList<Head> heads, IFeatureSource source,
        IReadOnlyList<int> items, int batch, int draws = 1, Action<int>? onBatch = null,
        CancellationToken cancellation = default)
    {
        if (heads.Count == 0) return [];
        (source as FeatureTable)?.NeedDraws(draws);
        foreach (var head in heads) head.Eval();
        var scores = heads.Select(_ => new ClassificationScore(source.Classes)).ToArray();
        var losses = new double[heads.Count];
        var seen = 0;
        foreach (var features in Draws(source, items, batch, draws, cancellation))
            try
            {
                for (var i = 0; i < heads.Count; i++)
                    if (!double.IsNaN(losses[i])) losses[i] += Add(scores[i], heads[i], features);
                seen += features[0].Items.Count;
                onBatch?.Invoke(features[0].Items.Count);
            }
            finally
            {
                foreach (var draw in features) draw.Dispose();
            }
        if (seen == 0 && items.Count > 0) throw Unreadable(items.Count, source);
        return [.. scores.Zip(losses, (score, loss) => double.IsNaN(loss)
            ? null
            : new HeadScore(score, loss / Math.Max(1, score.Top1.Trials)))];
    }

    /// <summary>There is no score of images none of which could be read.</summary>
    internal static DiffractException Unreadable(int images, IFeatureSource source) =>
        new($"none of the {images} images to score could be read. {source.Skipped}".TrimEnd());

    private static double Add(ClassificationScore score, Head head, LabelledFeatures[] draws)
    {
        using var scope = Scope.Open();
        using var no = GradMode.No();
        var logits = draws.Select(draw => head.Forward(draw.Maps.To(head.Device))).ToArray();
        // The logarithm of a mean of probabilities is a logit like another.
        var found = draws.Length == 1 ? logits[0] : Mean([.. logits.Select(l => l.Softmax(-1))]).Log();
        var sum = found.CrossEntropy(draws[0].Labels.To(head.Device), reduction: Reduction.Sum);
        var loss = sum.Item<float>();
        if (!float.IsNaN(loss)) score.Add(found, draws[0].Labels);
        return loss;
    }

    private static Tensor Mean(Tensor[] all) => all.Aggregate((sum, next) => sum + next) / all.Length;

    // The same batch at every draw; what cannot be read is left out of each.
    private static IEnumerable<LabelledFeatures[]> Draws(IFeatureSource source, IReadOnlyList<int> items, int batch,
        int draws, CancellationToken cancellation)
    {
        var passes = Enumerable.Range(0, draws).Select(draw =>
            source.Batches(items, new FeaturePass(batch, Draw: draw), cancellation).GetEnumerator()).ToArray();
        try
        {
            while (passes.Where(pass => pass.MoveNext()).Select(pass => pass.Current).ToArray() is { Length: > 0 } same)
                yield return same;
        }
        finally
        {
            foreach (var pass in passes) pass.Dispose();
        }
    }
}
