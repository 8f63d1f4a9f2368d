using System.Runtime.CompilerServices;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Streams feature maps of many images, batch by batch, without gradients. The next batch is read while one is
/// calculated.</summary>
/// <param name="backbone">Where the maps come from.</param>
/// <param name="spec">Which maps.</param>
/// <param name="noise">Where noise comes from.</param>
/// <param name="pool">Averages every map to this height and width first; null to leave maps as they are.</param>
public sealed class FeatureExtractor(IBackbone backbone, FeatureSpec spec, NoiseSource noise, int? pool = null)
{
    /// <summary>Calculates the maps of every batch, in order, and releases the batch.</summary>
    /// <param name="batches">Images, read one batch ahead.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async IAsyncEnumerable<FeatureBatch> Extract(IAsyncEnumerable<ImageBatch> batches,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await using var source = batches.GetAsyncEnumerator(cancellation);
        var reading = source.MoveNextAsync().AsTask();
        var taken = false;
        try
        {
            while (await reading)
            {
                using var batch = source.Current;
                taken = true;
                cancellation.ThrowIfCancellationRequested();
                reading = Task.Run(async () => await source.MoveNextAsync(), CancellationToken.None);
                taken = false;
                yield return Calculate(batch);
            }
            taken = true;
        }
        finally
        {
            if (!taken) await Discard(reading, source);
        }
    }

    private FeatureBatch Calculate(ImageBatch batch)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var maps = backbone.Extract(batch.Images, batch.Ids, spec, noise);
        if (pool is { } side) maps = maps.Select(map => map.AdaptiveAvgPool2d(side));
        var labels = batch.Labels is { } known ? Scope.Detach(known.Clone()) : null;
        return new FeatureBatch(maps.Detach(), batch.Ids, labels);
    }

    // An enumerator must not be disposed while it moves; the batch it was about to give is nobody's otherwise.
    private static async Task Discard(Task<bool> reading, IAsyncEnumerator<ImageBatch> source)
    {
        try
        {
            if (await reading) source.Current.Dispose();
        }
        catch (Exception)
        {
            // The reader has been given this fault already, or has left before it could matter to him.
        }
    }
}
