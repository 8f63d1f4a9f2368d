using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Draws what a network's features look like, and what an attention head looks at.</summary>
/// <param name="recipe">Which images.</param>
/// <param name="data">The images.</param>
/// <param name="network">The network.</param>
/// <param name="feed">The feedback networks that a head was trained with, around the network; null for one pass.
/// </param>
public sealed class MapsTask(MapsRecipe recipe, ImageDataset data, DiffusionNetwork network, DifFeed? feed = null)
{
    // Small pictures are drawn as large as they can be seen.
    private const int Side = 64;

    private readonly int size = recipe.Features.ImageSize ?? network.Network.Config.ImageSize;

    private readonly BrokenImages broken = new(recipe.Features.StopOnBrokenImage);

    private readonly int[] items = [.. Enumerable.Range(0, Math.Min(recipe.Images, data.Count))
        .Select(i => (int)((long)i * data.Count / Math.Min(recipe.Images, data.Count)))];

    /// <summary>Images that could not be read, in words; empty for none.</summary>
    public string Skipped => $"{broken}";

    /// <summary>Features as colours: a row for each image and timestep, with the image, what the network was given, and
    /// every block. The colours of a timestep and block mean the same in all images.</summary>
    /// <param name="spec">Timesteps and blocks.</param>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops between two timesteps.</param>
    /// <exception cref="DiffractException">No image can be read, or one cannot and the recipe says to stop.</exception>
    public (Image Sheet, MapsResult Result) Features(
        FeatureSpec spec, IRunProgress progress, CancellationToken cancellation = default)
    {
        using var batch = Read();
        var images = Enlarged(SampleSheet.Images(batch.Images));
        var rows = new (string, Image[])[batch.Count * spec.Timesteps.Count];
        var cells = new List<MapShares>();
        using var bar = progress.Begin("maps", spec.Timesteps.Count, "timesteps");
        for (var t = 0; t < spec.Timesteps.Count; t++)
        {
            using var scope = Scope.Open();
            var given = Enlarged(Noised(batch, spec.Timesteps[t]));
            var maps = Extract(batch, new FeatureSpec([spec.Timesteps[t]], spec.Blocks), cancellation);
            var pictures = maps.All.Select((m, i) =>
            {
                var (drawn, shares) = FeatureColours.Components(m.Map);
                cells.Add(new MapShares(spec.Timesteps[t], m.Block, shares) { IsFirstPass = IsFirstPass(i) });
                return Enlarged(drawn);
            }).ToArray();
            for (var i = 0; i < batch.Count; i++)
                rows[i * spec.Timesteps.Count + t] = ($"t {spec.Timesteps[t]}",
                    [images[i], given[i], .. pictures.Select(p => p[i])]);
            bar.Advance();
        }
        return (LabelledSheet.Make(["image", "noised", .. Names(spec)], rows, spec.Timesteps.Count),
            new MapsResult([.. batch.Indices.Select(i => data.Id(items[i]))], cells));
    }

    /// <summary>The class token's attention in the last layer of a head: a row for each image, timestep and block, with
    /// the image, the mean of the heads, and every head over it.</summary>
    /// <param name="head">A head of the network's features; it may be on another device.</param>
    /// <param name="spec">Its timesteps and blocks.</param>
    /// <param name="pool">Side that larger maps were averaged to before they reached it; 0 for none.</param>
    /// <param name="cancellation">Stops between two steps of the network.</param>
    public Image Attention(AttentionHead head, FeatureSpec spec, int pool, CancellationToken cancellation = default)
    {
        using var batch = Read();
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var maps = Extract(batch, spec, cancellation);
        var weights = head.ClassAttention(maps.Select(m => m.AveragedToAtMost(pool)).To(head.Device));
        var images = Enlarged(SampleSheet.Images(batch.Images));
        var rows = new List<(string, Image[])>();
        for (var i = 0; i < batch.Count; i++)
            for (var t = 0; t < spec.Timesteps.Count; t++)
                foreach (var (name, map) in Names(spec).Zip(weights[t]))
                    rows.Add(($"t {spec.Timesteps[t]} {name}", [images[i], .. Overlaid(images[i], map.Map.At(i))]));
        return LabelledSheet.Make(["image", "mean", .. Enumerable.Range(1, rows[0].Item2.Length - 2)
            .Select(h => $"head {h}")], rows, rows.Count / batch.Count);
    }

    private Batch Read() => new Loader(new Subset(data, items), LoaderOptions.Evaluation(size, items.Length),
        broken).Epoch().FirstOrDefault() ?? throw new DiffractException($"none of the images can be read. {broken}");

    private FeatureMaps Extract(Batch batch, FeatureSpec spec, CancellationToken cancellation)
    {
        network.CheckTimesteps(spec);
        using var stop = Cancellation.Use(cancellation);
        using var no = GradMode.No();
        IBackbone backbone = feed is null ? network.Backbone(recipe.Features.ClassLabel) : feed;
        return backbone.Extract(batch.Images, Ids(batch), spec, Noise);
    }

    // With feedback the first pass's maps come before those of the second.
    private IEnumerable<string> Names(FeatureSpec spec) => [.. (feed?.FirstBlocks ?? []).Select(b => $"first {b}"),
        .. spec.Blocks.Select(b => $"block {b}")];

    private bool IsFirstPass(int map) => map < (feed?.FirstBlocks.Count ?? 0);

    private IReadOnlyList<Image> Noised(Batch batch, int timestep)
    {
        var images = batch.Images;
        var noise = Noise.For(Ids(batch), timestep, images.Shape[1..], images.Device);
        return SampleSheet.Images(network.Recipe.Make().QSample(images,
            [.. Enumerable.Repeat(timestep, batch.Count)], noise));
    }

    private NoiseSource Noise => new(recipe.Features.NoiseSeed ?? recipe.Features.Seed);

    private long[] Ids(Batch batch) => [.. batch.Indices.Select(i => (long)items[i])];

    private Image[] Enlarged(IReadOnlyList<Image> pictures)
    {
        var side = size * Math.Max(1, Side / size);
        return [.. pictures.Select(p => FeatureColours.Enlarged(p, side, side))];
    }

    // [height, width, heads]: the mean, then each head.
    private static IEnumerable<Image> Overlaid(Image picture, Tensor weights)
    {
        var (height, width, heads) = (weights.Shape.Int(0), weights.Shape.Int(1), weights.Shape.Int(2));
        var values = Elements.Doubles(weights);
        for (var shown = -1; shown < heads; shown++)
        {
            var map = new double[height, width];
            for (var i = 0; i < height * width; i++)
                map[i / width, i % width] = shown < 0
                    ? values.AsSpan(i * heads, heads).ToArray().Average()
                    : values[i * heads + shown];
            yield return FeatureColours.Overlay(picture, map);
        }
    }
}
