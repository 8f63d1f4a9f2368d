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
    /// <exception cref="DiffractException">The network has no such blocks, or there are no such layers.</exception>
    public DifFeed Around(DiffusionBackbone backbone)
    {
        try
        {
            return new DifFeed(backbone, FeedbackStrategy.Parse(Strategy, backbone.Network.Plan), Layers, FirstBlocks);
        }
        catch (ArgumentException e)
        {
            throw new DiffractException($"feedback: {e.Message}", e);
        }
    }
}
