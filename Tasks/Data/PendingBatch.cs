using System.Runtime.ExceptionServices;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>A batch while the loader's threads fill it. Its tensors are made on those threads, which have no scope.
/// </summary>
internal sealed class PendingBatch : IDisposable
{
    private const long Broken = long.MinValue;

    private readonly int number;
    private readonly int[] indices;
    private readonly long[] labels;
    private readonly Exception?[] errors;
    private readonly Tensor images;
    private readonly int pictureLength;
    private volatile bool ready;
    private int left;
    private Batch? finished;

    public PendingBatch(int epoch, int number, int[] indices, int size)
    {
        (Epoch, this.number, this.indices, left) = (epoch, number, indices, indices.Length);
        (labels, errors) = (new long[indices.Length], new Exception?[indices.Length]);
        pictureLength = size * size * Image.Channels;
        images = Tensor.Empty([indices.Length, size, size, Image.Channels]);
    }

    /// <summary>The pass over the data set.</summary>
    public int Epoch { get; }

    /// <summary>Number of its pictures, broken ones included.</summary>
    public int Size => indices.Length;

    /// <summary>True once every picture is there and the batch can be taken.</summary>
    public bool IsReady => ready;

    /// <summary>Position in the data set of a picture of this batch.</summary>
    public int Index(int position) => indices[position];

    /// <summary>Where the numbers of a picture go.</summary>
    public Span<float> Place(int position) =>
        images.AsSpan<float>().Slice(position * pictureLength, pictureLength);

    public void SetLabel(int position, int label) => labels[position] = label;

    /// <summary>Leaves a picture out, or ends the run with <paramref name="error"/> when this batch is taken.</summary>
    public void SetBroken(int position, Exception? error) => (labels[position], errors[position]) = (Broken, error);

    /// <summary>Notes that a picture is there; true for the last one.</summary>
    public bool Done() => Interlocked.Decrement(ref left) == 0;

    /// <summary>Closes the gaps that broken pictures left, and lets the batch be taken.</summary>
    public void Finish()
    {
        var whole = Enumerable.Range(0, indices.Length).Where(position => labels[position] != Broken).ToArray();
        for (var to = 0; to < whole.Length; to++)
            if (whole[to] != to) Place(whole[to]).CopyTo(Place(to));
        if (whole.Length > 0)
        {
            finished = new Batch(Epoch, number, images.Window(images.Shape.With(0, whole.Length), 0),
                Tensor.From([.. whole.Select(position => labels[position])], [whole.Length]),
                [.. whole.Select(position => indices[position])]);
        }
        images.Dispose();
        ready = true;
    }

    /// <summary>Hands the batch over; null when all its pictures are broken.</summary>
    /// <exception cref="ImageException">A picture is broken and ends the run; the first one in order.</exception>
    public Batch? Take()
    {
        if (Array.Find(errors, error => error is not null) is { } first)
        {
            Dispose();
            ExceptionDispatchInfo.Throw(first);
        }
        return finished;
    }

    public void Dispose()
    {
        finished?.Dispose();
        images.Dispose();
    }
}
