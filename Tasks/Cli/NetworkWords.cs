using System.CommandLine;
using Diffract.Model;

namespace Diffract.Cli;

/// <summary>Options that say of a network what names and shapes do not.</summary>
internal sealed class NetworkWords
{
    private readonly Option<int?> headChannels =
        RunOptions.NumberOrNone("--head-channels", "Channels of an attention head");

    private readonly Option<int?> heads =
        RunOptions.NumberOrNone("--num-heads", "Attention heads, where their number is fixed");

    private readonly Option<int?> upHeads =
        RunOptions.NumberOrNone("--num-heads-upsample", "Attention heads in the decoder; as --num-heads when left out");

    private readonly Option<string?> order =
        CommonOptions.Choice("--attention-order", "Order of the attention's channels", "legacy", "new");

    private readonly Option<int?> size =
        RunOptions.NumberOrNone("--image-size", "Side of the network's images, pixels");

    private readonly Option<string?> schedule =
        CommonOptions.Choice("--schedule", "Noise schedule the network was trained with", "linear", "cosine");

    public void AddTo(Command verb)
    {
        foreach (var option in (Option[])[headChannels, heads, upHeads, order, size, schedule]) verb.Add(option);
    }

    /// <summary>The noise schedule; null when it was not said.</summary>
    public string? Schedule(ParseResult parsed) => parsed.GetValue(schedule);

    /// <summary>What was said of the architecture; null for nothing.</summary>
    public NetworkOptions? Options(ParseResult parsed)
    {
        var said = new NetworkOptions
        {
            NumHeadChannels = parsed.GetValue(headChannels),
            NumHeads = parsed.GetValue(heads),
            NumHeadsUpsample = parsed.GetValue(upHeads),
            UseNewAttentionOrder = parsed.GetValue(order) is { } word ? word == "new" : null,
            ImageSize = parsed.GetValue(size),
        };
        return said == new NetworkOptions() ? null : said;
    }
}
