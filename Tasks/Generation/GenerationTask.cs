using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Compares generated images with real ones by their features, and some real ones with the others, so that one
/// sees what the numbers would be if generated images were as good as real.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="real">Features of real images.</param>
/// <param name="generated">Features of generated images.</param>
/// <param name="device">Where features are compared.</param>
public sealed class GenerationTask(
    GenerationRecipe recipe, GenerationFeatures real, GenerationFeatures generated, Device device)
{
    // Comparisons that the progress counts: three numbers and the neighbours, twice.
    private const int Steps = 8;

    /// <summary>Reads all images and compares them.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops between two batches of images, or within a comparison.</param>
    /// <exception cref="DiffractException">The features do not fit, or there are too few images.</exception>
    public GenerationResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        Check();
        using var known = Read(real.Source, "real images", progress, cancellation);
        using var made = Read(generated.Source, "generated images", progress, cancellation);
        CheckCounts(known.Items.Count, made.Items.Count);
        using var stop = Cancellation.Use(cancellation);
        using var no = GradMode.No();
        using var scope = Scope.Open();
        using var bar = progress.Begin("comparing", Steps, "steps");
        var (all, ours) = (known.Rows.To(device), made.Rows.To(device));
        var near = Nearest(all, ours, bar, cancellation);
        var score = Score(all, ours, Median(near), bar, cancellation);
        var (others, held) = Halves(all, ours.Shape.Int(0));
        var baseline = Score(others, held, Median(Nearest(others, held, bar, cancellation)), bar, cancellation);
        return new GenerationResult(real.Network, recipe.Inception is not null, all.Shape.Int(1), recipe.K, score,
            baseline, Drawn(near, known, made));
    }

    /// <summary>Which generated images are drawn: half of them those that are closest to a real one, the others evenly
    /// spread over the rest.</summary>
    /// <param name="distances">From the nearest real image, one for each generated one.</param>
    /// <param name="count">How many.</param>
    internal static (int Index, bool IsClosest)[] Choose(IReadOnlyList<double> distances, int count)
    {
        int[] order = [.. Enumerable.Range(0, distances.Count).OrderBy(i => distances[i])];
        int[] closest = order[..Math.Min((count + 1) / 2, order.Length)];
        int[] rest = [.. order[closest.Length..].Order()];
        var spread = Math.Min(count - closest.Length, rest.Length);
        return [.. closest.Select(i => (i, true)),
            .. Enumerable.Range(0, spread).Select(i => (rest[(int)((long)i * rest.Length / spread)], false))];
    }

    private (int Index, double Squared)[][] Nearest(
        Tensor all, Tensor some, IProgressBar bar, CancellationToken cancellation)
    {
        using var rows = new NearestRows(all);
        var found = rows.Of(some, recipe.K, cancellation);
        bar.Advance();
        return found;
    }

    private GenerationScore Score(
        Tensor all, Tensor some, double nearest, IProgressBar bar, CancellationToken cancellation)
    {
        var frechet = FrechetDistance.Between(all, some);
        bar.Advance();
        var kernel = KernelDistance.Between(all, some, recipe.Subsets, recipe.SubsetSize is { } wanted
            ? (int)Math.Min(wanted, Math.Min(all.Shape[0], some.Shape[0]))
            : null, recipe.Seed, cancellation);
        bar.Advance();
        var (precision, recall) = PrecisionRecall.Of(all, some, recipe.K, cancellation);
        bar.Advance();
        return new GenerationScore(some.Shape.Int(0), all.Shape.Int(0), frechet, kernel, precision, recall, nearest);
    }

    // As many real images as there are generated ones, drawn at random, half of all at most; and the others.
    private (Tensor Others, Tensor Held) Halves(Tensor all, int count)
    {
        var order = new Generator(recipe.Seed).Permutation(all.Shape.Int(0));
        count = Math.Min(count, order.Length / 2);
        Tensor Take(long[] rows) => all.IndexSelect(0, Tensor.From(rows, [rows.Length]).To(device));
        return (Take([.. order[count..].Order()]), Take([.. order[..count].Order()]));
    }

    private NearestImages[] Drawn((int Index, double Squared)[][] near, LayerFeatures known, LayerFeatures made) =>
        [.. Choose([.. near.Select(one => one[0].Squared)], recipe.Drawn).Select(chosen => new NearestImages(
            generated.Source.Id(made.Items[chosen.Index]), chosen.IsClosest,
            [.. near[chosen.Index].Select(one => new NearImage(
                real.Source.Id(known.Items[one.Index]), Math.Sqrt(one.Squared)))]))];

    private static double Median((int Index, double Squared)[][] near)
    {
        double[] sorted = [.. near.Select(one => Math.Sqrt(one[0].Squared)).Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private LayerFeatures Read(
        IFeatureSource source, string title, IRunProgress progress, CancellationToken cancellation)
    {
        var items = Items(source.Count);
        using var bar = progress.Begin(title, items.Length, "images");
        return LayerFeatures.Read(source, items, recipe.Pool, recipe.Batch, n => bar.Advance(n), cancellation).Single();
    }

    private int[] Items(int all)
    {
        var count = recipe.Images == 0 ? all : Math.Min(recipe.Images, all);
        return [.. Enumerable.Range(0, count).Select(i => (int)((long)i * all / count))];
    }

    private void Check()
    {
        var (first, second) = (real.Source, generated.Source);
        if (first.Spec != second.Spec)
            throw new DiffractException($"features of the real images are {first.Spec}, of the generated ones "
                + $"{second.Spec}");
        foreach (var (wanted, found) in first.Blocks.Zip(second.Blocks))
            if (wanted.Channels != found.Channels || (recipe.Pool != 1 && wanted.Size != found.Size))
                throw new DiffractException($"the real images have features {wanted}, the generated ones {found}");
        var (origin, other) = (first.Origin, second.Origin);
        if (origin.NetworkSha256.Length > 0 && other.NetworkSha256.Length > 0
            && origin.NetworkSha256 != other.NetworkSha256)
            throw new DiffractException($"features of the real images are from {origin.Network}, of the generated ones "
                + $"from another network, {other.Network}");
        if (origin.ImageSize > 0 && other.ImageSize > 0 && origin.ImageSize != other.ImageSize)
            throw new DiffractException($"the network read real images of {origin.ImageSize} pixels and generated ones "
                + $"of {other.ImageSize}: features of different sizes are not comparable");
        CheckCounts(Items(first.Count).Length, Items(second.Count).Length);
    }

    private void CheckCounts(int reals, int others)
    {
        // Half of the real images are compared with the other half.
        var least = recipe.K + 1;
        if (reals < 2 * least || others < least)
            throw new DiffractException($"k {recipe.K} needs at least {2 * least} real images and {least} generated "
                + $"ones, found {reals} and {others}");
    }
}
