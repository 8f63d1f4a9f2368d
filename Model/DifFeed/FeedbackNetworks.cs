using System.Globalization;
using Diffract.Autograd;

namespace Diffract.Model;

/// <summary>The networks between the two passes of DifFeed, written as letters with underscores between them: <c>C</c>
/// a convolution without bias, 1x1 in the first place and 3x3 for each channel by itself in later ones; <c>B</c> batch
/// normalisation; <c>G</c> group normalisation of 32 groups; <c>R</c> ReLU; <c>S</c> SiLU. State: <c>{i}.{j}</c>, layer
/// j of network i.</summary>
public sealed class FeedbackNetworks : Module
{
    /// <summary>The network of the paper: 1x1 convolution, batch normalisation, ReLU.</summary>
    public const string Default = "C_B_R";

    private readonly Sequential[] networks;

    /// <summary>A network for each link.</summary>
    /// <param name="letters">The layers of each.</param>
    /// <param name="channels">For each the channels of the decoder's map and of the encoder's.</param>
    /// <exception cref="ArgumentException">A letter is unknown, or the channels change and no convolution comes first.
    /// </exception>
    public FeedbackNetworks(string letters, params IReadOnlyList<(int In, int Out)> channels) =>
        networks = [.. channels.Select((c, i) =>
            Child(i.ToString(CultureInfo.InvariantCulture), Network(letters, c.In, c.Out)))];

    /// <summary>The network of a link.</summary>
    public Layer this[int link] => networks[link];

    private static Sequential Network(string letters, int inChannels, int outChannels)
    {
        var words = letters.Split('_');
        if (words[0] != "C" && inChannels != outChannels)
            throw new ArgumentException($"'{letters}' leaves the number of channels as it is, but feedback goes from "
                + $"{inChannels} to {outChannels} channels: begin with C");
        return new Sequential([.. words.Select((word, i) => Layer(word, letters, i == 0, inChannels, outChannels))]);
    }

    private static Layer Layer(string word, string letters, bool first, int inChannels, int outChannels) => word switch
    {
        "C" when first => new Conv2d(inChannels, outChannels, 1, bias: false),
        "C" => new Conv2d(outChannels, outChannels, 3, padding: 1, groups: outChannels, bias: false),
        "B" => new BatchNorm2d(outChannels),
        "G" => new GroupNorm(outChannels),
        "R" => new Function("relu", x => x.Relu()),
        "S" => new Function("silu", x => x.Silu()),
        _ => throw new ArgumentException($"'{letters}': there is no feedback layer '{word}'; there are C, B, G, R and "
            + "S, with underscores between them"),
    };
}
