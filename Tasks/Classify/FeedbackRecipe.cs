using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Feedback from a first pass of the network into a second one (DifFeed).</summary>
public sealed record FeedbackRecipe
{
    /// <summary><c>all</c>, <c>bottleneck</c>, <c>windowed</c>, <c>multi-scale</c>, or decoder blocks, each alone or
    /// with the encoder block it feeds: <c>21,24:14</c>. See <see cref="FeedbackStrategy"/>.</summary>
    public string Strategy { get; init; } = "bottleneck";

    /// <summary>Layers of each feedback network; see <see cref="FeedbackNetworks"/>.</summary>
    public string Layers { get; init; } = FeedbackNetworks.Default;

    /// <summary>Blocks whose first-pass maps the head reads too.</summary>
    public IReadOnlyList<int> FirstBlocks { get; init; } = [];

    /// <summary>Feedback around a network, without numbers.</summary>
    /// <param name="backbone">The network.</param>
    /// <param name="blocks">The blocks that are to be read of the second pass; not looked at when null.</param>
    /// <exception cref="DiffractException">The network has no such blocks, there are no such layers, or none of
    /// <paramref name="blocks"/> receives anything.</exception>
    public DifFeed Around(DiffusionBackbone backbone, IReadOnlyList<int>? blocks = null)
    {
        try
        {
            var links = FeedbackStrategy.Parse(Strategy, backbone.Network.Plan);
            var first = links.Min(link => link.To);
            if (blocks is not null && blocks.Max() < first)
                throw new DiffractException($"feedback '{Strategy}' enters the network at block {first}, and reaches "
                    + $"none of the blocks that are read ({string.Join(", ", blocks)}): read blocks from {first} on, "
                    + "or feed an earlier one");
            return new DifFeed(backbone, links, Layers, FirstBlocks);
        }
        catch (ArgumentException e)
        {
            throw new DiffractException($"feedback: {e.Message}", e);
        }
    }
}
