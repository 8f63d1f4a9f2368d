using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>DifFeed: a diffusion U-Net that runs twice over the same noised images. Maps of the first pass's decoder go
/// through small trained networks and are added to the second pass's encoder, whose features a head reads. State:
/// <c>feedback_layers.{i}</c>, by ascending decoder block.
/// <code>
/// using var feed = new DifFeed(backbone, FeedbackStrategy.Bottleneck(backbone.Network.Plan));
/// feed.Initialise(generator);
/// using var maps = feed.Extract(images, ids, new FeatureSpec([150], [24]), noise);   // then loss.Backward()
/// </code></summary>
/// <remarks>The first pass records no gradients and stops after the last block that is fed back. With a frozen U-Net
/// the second pass begins after the last encoder block that receives nothing, and backward ends there: no weight of the
/// U-Net gets a gradient. With a U-Net that is trained the second pass is a whole one.</remarks>
public sealed class DifFeed : Module, IBackbone
{
    private readonly DiffusionBackbone backbone;

    /// <summary>Feedback around a U-Net, which stays the caller's.</summary>
    /// <param name="backbone">The U-Net.</param>
    /// <param name="links">Which decoder blocks feed which encoder blocks; see <see cref="FeedbackStrategy"/>.</param>
    /// <param name="feedback">The feedback networks' layers: convolution (C), batch norm (B), group norm (G), ReLU (R),
    /// SiLU (S), with underscores between them.</param>
    /// <param name="firstBlocks">Blocks whose first-pass maps the head gets too, before those of the second pass.
    /// </param>
    /// <exception cref="ArgumentException">A block or a layer does not exist.</exception>
    public DifFeed(DiffusionBackbone backbone, IReadOnlyList<FeedbackLink> links,
        string feedback = FeedbackNetworks.Default, IReadOnlyList<int>? firstBlocks = null)
    {
        this.backbone = backbone;
        var plan = backbone.Network.Plan;
        Links = FeedbackStrategy.Checked(plan, links);
        FirstBlocks = firstBlocks ?? [];
        if (FirstBlocks.FirstOrDefault(b => b < 1 || b > plan.Last, 1) is var odd && (odd < 1 || odd > plan.Last))
            throw new ArgumentException($"the network has blocks 1 to {plan.Last}, found {odd}");
        Feedback = Child("feedback_layers", new FeedbackNetworks(feedback,
            [.. Links.Select(link => (plan[link.From].OutChannels, plan[link.To].OutChannels))]));
    }

    /// <summary>Which decoder blocks feed which encoder blocks, by ascending decoder block.</summary>
    public IReadOnlyList<FeedbackLink> Links { get; }

    /// <summary>Blocks whose first-pass maps come before those of the second pass.</summary>
    public IReadOnlyList<int> FirstBlocks { get; }

    /// <summary>The feedback networks, named 0, 1, 2… by ascending decoder block.</summary>
    public FeedbackNetworks Feedback { get; }

    /// <inheritdoc/>
    public IReadOnlyList<FeatureInfo> Blocks(MapSize? input = null) => backbone.Blocks(input);

    /// <inheritdoc/>
    public IReadOnlyList<FeatureInfo> Maps(FeatureSpec spec, MapSize? input = null)
    {
        var all = Blocks(input);
        return [.. FirstBlocks.Concat(spec.Blocks).Select(b => IBackbone.Find(all, b))];
    }

    /// <inheritdoc/>
    public FeatureMaps Extract(Tensor images, IReadOnlyList<long> ids, FeatureSpec spec, NoiseSource noise) =>
        backbone.Extract(images, ids, spec, noise, noised =>
        {
            var passes = Run(noised.X, noised.Timesteps, spec.Blocks, noised.Labels);
            return [.. FirstBlocks.Select(b => new FeatureMap(b, passes.First[b])),
                .. spec.Blocks.Select(b => new FeatureMap(b, passes.Second[b]))];
        });

    /// <summary>Both passes over noised images.</summary>
    /// <param name="x">[N, H, W, C].</param>
    /// <param name="timesteps">[N].</param>
    /// <param name="blocks">The maps of the second pass that are wanted; it stops after the last of them.</param>
    /// <param name="labels">[N] class labels, for class-conditional networks only.</param>
    /// <exception cref="ArgumentException">No feedback reaches any of the blocks.</exception>
    public TwoPasses Run(Tensor x, Tensor timesteps, IReadOnlyList<int> blocks, Tensor? labels = null)
    {
        using var scope = Scope.Open();
        var last = blocks.Max();
        // A frozen encoder's maps are the same in both passes up to the first block that receives something.
        var shared = IsFrozen ? Math.Min(Links.Min(link => link.To), blocks.Min()) - 1 : 0;
        var needed = Enumerable.Range(1, shared)
            .Where(b => b == shared || backbone.Network.Plan.Consumers[b] is var c && c > 0 && c <= last).ToArray();
        var used = Enumerable.Range(0, Links.Count).Where(i => Links[i].To <= last).ToArray();
        if (used.Length == 0)
            throw new ArgumentException($"no feedback reaches block {last}: the encoder blocks that receive some come "
                + $"after it ({string.Join(", ", Links)})");
        var first = First(x, timesteps, labels, [.. used.Select(i => Links[i].From), .. FirstBlocks, .. needed]);
        var fed = new SortedDictionary<int, Tensor>();
        var added = new Feedback();
        foreach (var i in used)
        {
            var map = Feedback[i].Forward(first[Links[i].From]);
            fed.Add(Links[i].From, map);
            added.Add(Links[i].To, map);
        }
        var second = backbone.Network.Run(x, timesteps, labels, Taps.At(blocks), added,
            shared > 0 ? needed.ToDictionary(b => b, b => first[b]) : null);
        foreach (var map in fed.Values.Concat(first.Blocks.Values).Concat(second.Blocks.Values)) scope.Keep(map);
        return new TwoPasses(first.Blocks, fed, second.Blocks);
    }

    private bool IsFrozen => backbone.Network.State().All(p => !p.Parameter.RequiresGrad);

    private UNetOutput First(Tensor x, Tensor timesteps, Tensor? labels, IEnumerable<int> blocks)
    {
        using var no = GradMode.No();
        return backbone.Run(x, timesteps, labels, Taps.At(blocks));
    }
}
