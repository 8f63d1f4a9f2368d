using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>The nearest of some images, by the Euclidean distance of their features. Distances come from matrix
/// products, |q|² + |x|² - 2 q·x, a block at a time, so the matrix of all of them is never there; those that are given
/// out are calculated again in float64, as what is left of a difference of products says little of a copy.</summary>
public sealed class NearestRows : IDisposable
{
    // Images that are met at once, and products that are held at once: 64 MiB of float32.
    private const int Chunk = 1 << 16;
    private const long MostProducts = 1 << 24;

    private readonly Tensor rows, squares, centre;

    /// <summary>Keeps the images' features.</summary>
    /// <param name="features">Float32 or float64 [images, features], on any device, which calculates.</param>
    /// <exception cref="ShapeException">It is no matrix, or empty.</exception>
    public NearestRows(Tensor features)
    {
        if (features.Rank != 2 || features.Count == 0)
            throw new ShapeException($"features must be [images, features], found {features.Shape}");
        using var no = GradMode.No();
        using var scope = Scope.Open();
        // A common offset changes no distance, and would cost digits.
        centre = Scope.Detach(features.Mean(0, keepDim: true));
        rows = Scope.Detach(features - centre);
        squares = Scope.Detach(rows.Pow(2).Sum(1).Reshape(1, features.Shape[0]));
    }

    /// <summary>Number of images.</summary>
    public int Count => rows.Shape.Int(0);

    /// <summary>The <paramref name="k"/> nearest images of each of some others, nearest first.</summary>
    /// <param name="others">[N, features], of the same type and device.</param>
    /// <param name="k">How many, at most <see cref="Count"/>.</param>
    /// <param name="cancellation">Stops between two blocks.</param>
    /// <returns>For each other image positions and squared distances.</returns>
    public (int Index, double Squared)[][] Of(Tensor others, int k, CancellationToken cancellation = default) =>
        Find(others, centre, k, cancellation);

    /// <summary>The <paramref name="k"/> nearest of each of the images among the others of them.</summary>
    /// <param name="k">How many, less than <see cref="Count"/>.</param>
    /// <param name="cancellation">Stops between two blocks.</param>
    public (int Index, double Squared)[][] OfEachOther(int k, CancellationToken cancellation = default) =>
        Find(rows, null, k, cancellation);

    /// <summary>How many of some other images lie within the reach of any of the images.</summary>
    /// <param name="others">[N, features], of the same type and device.</param>
    /// <param name="squaredReach">Squared distance up to which an image reaches, one each.</param>
    /// <param name="cancellation">Stops between two blocks.</param>
    public Proportion Reached(
        Tensor others, ReadOnlySpan<double> squaredReach, CancellationToken cancellation = default)
    {
        if (squaredReach.Length != Count)
            throw new ShapeException($"{squaredReach.Length} distances were given for {Count} images");
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var reach = Elements.Make(squaredReach, [1, Count], rows.DType, Device.Cpu).To(rows.Device);
        long reached = 0;
        foreach (var (from, count) in Blocks(others))
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = Scope.Open();
            var block = others.Slice(0, from, count) - centre;
            var own = block.Pow(2).Sum([1], keepDim: true);
            var found = new bool[count];
            foreach (var (at, length) in Chunks())
            {
                var inside = (own + squares.Slice(1, at, length) - 2 * Products(block, at, length))
                    .LessEqual(reach.Slice(1, at, length)).Any([1]).ToArray<bool>();
                for (var i = 0; i < count; i++) found[i] |= inside[i];
            }
            reached += found.Count(isInside => isInside);
        }
        return new Proportion(reached, others.Shape[0]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        rows.Dispose();
        squares.Dispose();
        centre.Dispose();
    }

    // Without an offset the others are the images themselves, none of which is its own neighbour.
    private (int, double)[][] Find(Tensor others, Tensor? offset, int k, CancellationToken cancellation)
    {
        var wanted = offset is null ? k + 1 : k;
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(wanted, Count);
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var found = new List<(int, double)[]>(others.Shape.Int(0));
        foreach (var (from, count) in Blocks(others))
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = Scope.Open();
            var block = others.Slice(0, from, count);
            if (offset is not null) block -= offset;
            var indices = Nearest(block, wanted).ToArray<long>();
            var (mine, width) = (Elements.Doubles(block), block.Shape.Int(1));
            var theirs = Elements.Doubles(rows.IndexSelect(0, Tensor.From(indices, [indices.Length]).To(rows.Device)));
            for (var i = 0; i < count; i++)
            {
                var candidates = Enumerable.Range(i * wanted, wanted).Select(at => (Index: (int)indices[at],
                    Squared: Squared(mine.AsSpan(i * width, width), theirs.AsSpan(at * width, width))))
                    .OrderBy(candidate => candidate.Squared).ToList();
                // Among copies of itself an image may not be found; another is then its equal.
                if (offset is null && candidates.RemoveAll(candidate => candidate.Index == from + i) == 0)
                    candidates.RemoveAt(0);
                found.Add([.. candidates]);
            }
        }
        return [.. found];
    }

    private Tensor Nearest(Tensor block, int k)
    {
        Tensor? best = null, indices = null;
        foreach (var (at, length) in Chunks())
        {
            // The block's own squares are the same for all images: largest is nearest.
            var (values, places) = (2 * Products(block, at, length) - squares.Slice(1, at, length))
                .TopK(Math.Min(k, length));
            places += at;
            if (best is not null)
            {
                (values, places) = (Tensor.Concat(1, best, values), Tensor.Concat(1, indices!, places));
                var (kept, order) = values.TopK(Math.Min(k, values.Shape[1]));
                (values, places) = (kept, places.Gather(1, order));
            }
            (best, indices) = (values, places);
        }
        return indices!;
    }

    private Tensor Products(Tensor block, int at, int length) =>
        block.MatMul(rows.Slice(0, at, length), transposeB: true);

    private static double Squared(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Length; i++) sum += (x[i] - y[i]) * (x[i] - y[i]);
        return sum;
    }

    private IEnumerable<(int At, int Length)> Chunks()
    {
        for (var at = 0; at < Count; at += Chunk) yield return (at, Math.Min(Chunk, Count - at));
    }

    private IEnumerable<(int From, int Count)> Blocks(Tensor others)
    {
        var all = others.Shape.Int(0);
        var size = (int)Math.Clamp(MostProducts / Math.Min(Count, Chunk), 1, 256);
        for (var from = 0; from < all; from += size) yield return (from, Math.Min(size, all - from));
    }
}
