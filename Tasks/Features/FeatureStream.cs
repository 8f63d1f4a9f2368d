using System.Runtime.CompilerServices;

namespace Diffract.Tasks;

/// <summary>Streams of features.</summary>
public static class FeatureStream
{
    extension(IFeatureSource source)
    {
        /// <summary>The maps of all images in their order, batch by batch, with the first noise draw and centre crops:
        /// <c>await foreach (var batch in features.Stream()) using (batch) { … }</c>. Batches are calculated on threads
        /// of the pool, so that the caller's is free meanwhile.</summary>
        /// <param name="batch">Images in a batch; the last one may be smaller.</param>
        /// <param name="progress">Told after every batch.</param>
        /// <param name="cancellation">Ends the stream between two batches.</param>
        /// <returns>Batches that the caller disposes.</returns>
        /// <exception cref="OperationCanceledException">It was cancelled.</exception>
        public async IAsyncEnumerable<LabelledFeatures> Stream(int batch = 8,
            IProgress<FeatureProgress>? progress = null,
            [EnumeratorCancellation] CancellationToken cancellation = default)
        {
            var all = Enumerable.Range(0, source.Count).ToArray();
            using var batches = source.Batches(all, new FeaturePass(batch), cancellation).GetEnumerator();
            while (await Task.Run(batches.MoveNext, cancellation))
            {
                var current = batches.Current;
                progress?.Report(new FeatureProgress(current.Items[^1] + 1, source.Count));
                yield return current;
            }
            progress?.Report(new FeatureProgress(source.Count, source.Count));
        }
    }
}
