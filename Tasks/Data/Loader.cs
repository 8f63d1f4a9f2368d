using System.Globalization;

namespace Diffract.Tasks;

/// <summary>Makes batches of a data set on threads of its own, ahead of the one who uses them. What is in a batch is a
/// function of the seed, the epoch and the batch's number, not of the threads, so that a run can be resumed at any
/// batch with the same bits.</summary>
/// <param name="dataset">The pictures.</param>
/// <param name="options">How they become batches.</param>
/// <param name="broken">What happens to pictures that cannot be read; they are left out when nothing is said.</param>
public sealed class Loader(ImageDataset dataset, LoaderOptions options, BrokenImages? broken = null)
{
    /// <summary>The pictures.</summary>
    public ImageDataset Dataset => dataset;

    /// <summary>How they become batches.</summary>
    public LoaderOptions Options { get; } = Checked(options);

    /// <summary>The pictures that could not be read so far.</summary>
    public BrokenImages Broken { get; } = broken ?? new BrokenImages();

    /// <summary>How long batches were waited for so far: time in which their user did nothing.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>Batches in one pass over the data set.</summary>
    public int BatchesPerEpoch => options.DropLast
        ? dataset.Count / options.BatchSize
        : (int)(((long)dataset.Count + options.BatchSize - 1) / options.BatchSize);

    /// <summary>The batches of one pass, in order. A batch of nothing but broken pictures is left out.</summary>
    /// <param name="epoch">Which pass, from 0: it decides order, crops and mirroring.</param>
    /// <param name="firstBatch">Number of the batch to start with.</param>
    /// <param name="cancellation">Ends the pass between two batches.</param>
    /// <returns>Batches that the caller disposes.</returns>
    /// <exception cref="ImageException">A picture is broken, and <see cref="Broken"/> says to stop.</exception>
    /// <exception cref="Engine.DiffractException">No picture can be read any more.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled.</exception>
    public IEnumerable<Batch> Epoch(int epoch = 0, int firstBatch = 0, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(firstBatch);
        return Run((long)epoch * BatchesPerEpoch + Math.Min(firstBatch, BatchesPerEpoch),
            (epoch + 1L) * BatchesPerEpoch, cancellation).OfType<Batch>();
    }

    /// <summary>Batches without end, epoch after epoch, for training that counts steps. The first ones of an epoch are
    /// made while the last ones of the epoch before are used.</summary>
    /// <param name="firstStep">The step to start with: epoch * <see cref="BatchesPerEpoch"/> + batch.</param>
    /// <param name="cancellation">Ends between two batches.</param>
    /// <returns>Batches that the caller disposes.</returns>
    /// <exception cref="DatasetException">No batch comes out of a whole pass.</exception>
    public IEnumerable<Batch> Steps(long firstStep = 0, CancellationToken cancellation = default)
    {
        if (BatchesPerEpoch == 0)
            throw new DatasetException($"{dataset.Count} pictures do not fill one batch of {options.BatchSize}");
        var empty = 0;
        foreach (var batch in Run(firstStep, long.MaxValue, cancellation))
        {
            empty = batch is null ? empty + 1 : 0;
            // So many in a row have a whole pass among them, wherever in a pass the first of them is.
            if (empty == 2 * BatchesPerEpoch - 1) throw new DatasetException($"no picture can be read: {Broken}");
            if (batch is not null) yield return batch;
        }
    }

    /// <summary>The step that a batch of <see cref="Steps"/> is for.</summary>
    internal long StepOf(Batch batch) => (long)batch.Epoch * BatchesPerEpoch + batch.Number;

    // Null for a batch of nothing but broken pictures.
    private IEnumerable<Batch?> Run(long first, long end, CancellationToken cancellation)
    {
        using var run = new LoaderRun(this, first, end, cancellation);
        for (var step = first; step < end; step++)
        {
            var batch = run.Take(out var waited);
            Waited += waited;
            yield return batch;
        }
    }

    /// <summary>How long batches were waited for, in words, so that slow reading does not go unnoticed.</summary>
    /// <param name="all">The time of the whole work.</param>
    internal string WaitedOf(TimeSpan all) => string.Create(CultureInfo.InvariantCulture,
        $"waited {Waited.TotalSeconds:0.0} s for images, {100 * Waited / all:0.0} % of the time");

    /// <summary>The pictures of a pass in their order.</summary>
    internal int[] Order(int epoch) => options.Shuffle
        ? new SampleRandom(options.Seed, (ulong)epoch, ulong.MaxValue).Permutation(dataset.Count)
        : [.. Enumerable.Range(0, dataset.Count)];

    /// <summary>Reads one picture, cuts the window of this epoch, and writes it as network input.</summary>
    internal void LoadSample(int epoch, int index, Span<float> destination)
    {
        var image = dataset.Load(index);
        var random = new SampleRandom(options.Seed, (ulong)epoch, (ulong)index);
        var draw = CropDraw.Random(
            ref random, image.Width, image.Height, options.Size, options.RandomCrop, options.RandomFlip);
        NetworkInput.Write(Crops.Random(image, options.Size, draw), destination);
    }

    private static LoaderOptions Checked(LoaderOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Size, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Workers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Prefetch, 1);
        return options;
    }
}
