using Diffract.Model;
using Diffract.Tasks;

namespace Diffract.Tests;

/// <summary>Features that count what is asked of them, and stop or break where they are told to.</summary>
/// <param name="inner">The features; they stay the caller's.</param>
/// <param name="stopAt">The batch of training, from 1, that is not delivered; 0 for none.</param>
/// <param name="stop">Is cancelled there; an error is thrown instead when null.</param>
internal sealed class WatchedSource(IFeatureSource inner, int stopAt = 0, CancellationTokenSource? stop = null)
    : IFeatureSource
{
    private int batches;

    /// <summary>Images that were delivered for training.</summary>
    public int Trained { get; private set; }

    /// <summary>Images that were delivered.</summary>
    public int Asked { get; private set; }

    /// <summary>The most images that were asked for at once.</summary>
    public int Largest { get; private set; }

    public FeatureSpec Spec => inner.Spec;

    public IReadOnlyList<FeatureInfo> Blocks => inner.Blocks;

    public IReadOnlyList<string> Classes => inner.Classes;

    public int Count => inner.Count;

    public FeatureOrigin Origin => inner.Origin;

    TrainedBackbone? IFeatureSource.Trained => inner.Trained;

    public string Skipped => inner.Skipped;

    public int Label(int index) => inner.Label(index);

    public string Id(int index) => inner.Id(index);

    public IEnumerable<LabelledFeatures> Batches(IReadOnlyList<int> items, FeaturePass pass,
        CancellationToken cancellation = default)
    {
        foreach (var batch in inner.Batches(items, pass, cancellation))
        {
            var isLast = pass.Training && ++batches == stopAt;
            if (isLast) stop?.Cancel();
            if (cancellation.IsCancellationRequested || (isLast && stop is null)) batch.Dispose();
            if (isLast && stop is null) throw new IOException("it is killed");
            cancellation.ThrowIfCancellationRequested();
            Asked += batch.Items.Count;
            Largest = Math.Max(Largest, batch.Items.Count);
            if (pass.Training) Trained += batch.Items.Count;
            yield return batch;
        }
    }

    public void Dispose() { }
}
