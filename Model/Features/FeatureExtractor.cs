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
        try
        {
            while (await reading)
            {
                cancellation.ThrowIfCancellationRequested();
                using var batch = source.Current;
                reading = Task.Run(async () => await source.MoveNextAsync(), cancellation);
                yield return Calculate(batch);
            }
        }
        finally
        {
            await Settle(reading, source);
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

    // An enumerator must not be disposed while it moves; what it was about to give is released.
    private static async Task Settle(Task<bool> reading, IAsyncEnumerator<ImageBatch> source)
    {
        try
        {
            if (!reading.IsCompletedSuccessfully && await reading) source.Current.Dispose();
        }
        catch (Exception) when (reading.IsFaulted || reading.IsCanceled)
        {
            // The loop has thrown this already, or was left before it could matter.
        }
    }
}
