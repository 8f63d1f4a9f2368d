using System.CommandLine;
using System.Text.RegularExpressions;
using Diffract.Model;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>Options that say what is trained: a head, feedback, the network.</summary>
internal sealed partial class HeadWords
{
    private const string DifFormer = "difformer", DifFeed = "diffeed";

    private static readonly HeadRecipe defaults = new();

    private readonly Option<string?> head = CommonOptions.Choice("--head",
        "The head: linear (default), mlp, cnn, attention; difformer: attention on blocks 19, 24, 30 at timesteps 90, "
        + "150, 300; diffeed: attention with feedback", "linear", "mlp", "cnn", "attention", DifFormer, DifFeed);

    private readonly Option<int?> pool = RunOptions.NumberOrNone("--pool",
        "Side maps are averaged to: 2 for linear and mlp, 8 for cnn, which repeat smaller maps; 16 for attention, "
        + "which leaves them as they are");

    private readonly Option<string> hidden = RunOptions.List("--hidden", "Hidden layers of the mlp",
        string.Join(',', defaults.Hidden));

    private readonly Option<string> channels = RunOptions.List("--channels", "Channels of the cnn's two convolutions",
        string.Join(',', defaults.Channels));

    private readonly Option<int> width = RunOptions.Number("--width", "Width of the attention head's tokens",
        defaults.Width);

    private readonly Option<int> heads = RunOptions.Number("--heads", "Attention heads", defaults.Heads);

    private readonly Option<int> layers = RunOptions.Number("--layers", "Transformer blocks of the attention head",
        defaults.Layers);

    private readonly Option<string?> norm = CommonOptions.Choice("--norm",
        "Norm of the attention head's tokeniser: layer (default) or batch", "layer", "batch");

    private readonly Option<string?> chain = new("--chain")
    {
        Description = "The attention head as a chain of layer words, instead of --width, --heads and --layers",
        HelpName = "WORDS",
    };

    private readonly Option<string?> feedback = new("--feedback")
    {
        Description = "Decoder blocks that feed a second pass (DifFeed): bottleneck (default of diffeed), all, "
            + "windowed, multi-scale, or blocks: 21,24:14",
        HelpName = "STRATEGY",
    };

    private readonly Option<string?> feedbackLayers = new("--feedback-layers")
    {
        Description = "Layers of a feedback network: C convolution, B batch norm, G group norm, R ReLU, S SiLU; "
            + FeedbackNetworks.Default + " when left out",
        HelpName = "C_B_R",
    };

    private readonly Option<string> firstBlocks = new("--first-blocks")
    {
        Description = "With feedback: blocks whose first-pass maps the head reads too",
        HelpName = "A,B,...",
    };

    private readonly Option<bool> fineTune = new("--fine-tune")
    {
        Description = "Trains the network too, as far as its maps are read, and saves it beside the head",
    };

    private readonly Option<double?> networkRate = new Option<double?>("--network-lr")
    {
        Description = "With --fine-tune: the network's learning rate; the head's when left out",
        HelpName = "X",
    }.Positive();

    /// <summary>All of them.</summary>
    public Option[] Options => [head, pool, hidden, channels, width, heads, layers, norm, chain, feedback,
        feedbackLayers, firstBlocks, fineTune, networkRate];

    /// <summary>Those that need the network.</summary>
    public Option[] NetworkOptions => [feedback, feedbackLayers, firstBlocks, fineTune, networkRate];

    /// <summary>What was asked for, in the words of the paper: linear, mlp, cnn, attention, difformer,
    /// diffeed.</summary>
    public string Method(ParseResult parsed) => parsed.GetValue(feedback) is not null && parsed.GetValue(head) is null
        ? DifFeed
        : parsed.GetValue(head) ?? defaults.Kind;

    /// <summary>The head.</summary>
    /// <exception cref="UsageException">An option belongs to another head.</exception>
    public HeadRecipe Recipe(ParseResult parsed)
    {
        var kind = Method(parsed) is DifFormer or DifFeed ? "attention" : Method(parsed);
        Only(parsed, kind, "mlp", hidden);
        Only(parsed, kind, "cnn", channels);
        Only(parsed, kind, "attention", width, heads, layers, norm, chain);
        RunOptions.Alone(parsed, chain, width, heads, layers);
        if (parsed.GetValue(width) % parsed.GetValue(heads) != 0)
            throw new UsageException($"{width.Name} is divided among {heads.Name}, and {parsed.GetValue(width)} is no "
                + $"multiple of {parsed.GetValue(heads)}");
        return new HeadRecipe
        {
            Kind = kind,
            Pool = parsed.GetValue(pool),
            Hidden = RunOptions.Sizes(parsed, hidden),
            Channels = RunOptions.Sizes(parsed, channels, count: 2),
            Width = parsed.GetValue(width),
            Heads = parsed.GetValue(heads),
            Layers = parsed.GetValue(layers),
            Norm = parsed.GetValue(norm) ?? defaults.Norm,
            Chain = parsed.GetValue(chain),
        };
    }

    /// <summary>The feedback; null for none.</summary>
    /// <exception cref="UsageException">Its settings are given without it.</exception>
    public FeedbackRecipe? Feedback(ParseResult parsed)
    {
        if (parsed.GetValue(feedback) is null && Method(parsed) != DifFeed)
        {
            foreach (var option in (ReadOnlySpan<Option>)[feedbackLayers, firstBlocks])
                if (parsed.GetResult(option) is not null)
                    throw new UsageException($"{option.Name} says how feedback is: ask for it with --feedback or "
                        + "--head diffeed");
            return null;
        }
        var plain = new FeedbackRecipe();
        return new FeedbackRecipe
        {
            Strategy = Strategy(parsed.GetValue(feedback) ?? plain.Strategy),
            Layers = parsed.GetValue(feedbackLayers) ?? plain.Layers,
            FirstBlocks = RunOptions.Choices(parsed, firstBlocks, least: 1) ?? [],
        };
    }

    /// <summary>Whether the network is trained.</summary>
    public bool FineTune(ParseResult parsed) => parsed.GetValue(fineTune);

    /// <summary>The network's learning rate; null for the head's.</summary>
    /// <exception cref="UsageException">It is given, and the network is not trained.</exception>
    public double? NetworkRate(ParseResult parsed) => FineTune(parsed) || parsed.GetValue(networkRate) is null
        ? parsed.GetValue(networkRate)
        : throw new UsageException($"{networkRate.Name} says how fast the network learns: ask for that with "
            + fineTune.Name);

    /// <summary>The paper's timesteps of a method; null for one.</summary>
    public static IReadOnlyList<int>? Timesteps(string method) => method == DifFormer ? [90, 150, 300] : null;

    /// <summary>The paper's blocks of a method; null for one.</summary>
    public static IReadOnlyList<int>? Blocks(string method) => method == DifFormer ? [19, 24, 30] : null;

    private static string Strategy(string text) =>
        FeedbackStrategy.Names.Contains(text) || DecoderBlocks().IsMatch(text) ? text
        : throw new UsageException($"--feedback is {string.Join(", ", FeedbackStrategy.Names)}, or decoder blocks with "
            + $"commas between them, such as 21,24:14; not '{text}'{Spelling.Hint(FeedbackStrategy.Names, text)}");

    [GeneratedRegex(@"^\s*\d+\s*(:\s*\d+\s*)?(,\s*\d+\s*(:\s*\d+\s*)?)*$")]
    private static partial Regex DecoderBlocks();

    private static void Only(ParseResult parsed, string kind, string owner, params ReadOnlySpan<Option> options)
    {
        if (kind == owner) return;
        foreach (var option in options)
            if (parsed.GetResult(option) is { Implicit: false })
                throw new UsageException($"{option.Name} is for the {owner} head, and the head is {kind}");
    }
}
