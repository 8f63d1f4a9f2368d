using System.Text.Json;
using System.Text.Json.Serialization;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>What a saved head says of itself, as JSON under the metadata key <c>diffract.head</c>: all that is needed
/// to build it again and to notice features it does not fit.</summary>
public sealed record HeadFileHeader
{
    /// <summary>The metadata key.</summary>
    public const string Key = "diffract.head";

    /// <summary>The head.</summary>
    public required HeadRecipe Head { get; init; }

    /// <summary>Timesteps of its features.</summary>
    public required IReadOnlyList<int> Timesteps { get; init; }

    /// <summary>Block numbers of its features.</summary>
    public required IReadOnlyList<int> Blocks { get; init; }

    /// <summary>Feedback into a second pass of the network; null for one pass.</summary>
    public FeedbackRecipe? Feedback { get; init; }

    /// <summary>For each map that the head reads its channels, height and width: those of the first pass's blocks, if
    /// feedback has them read, before those of <see cref="Blocks"/>.</summary>
    public required IReadOnlyList<IReadOnlyList<int>> Maps { get; init; }

    /// <summary>Class names, label 0 first.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>Side of the images given to the network, pixels; 0 when it was trained from a feature file of old.
    /// </summary>
    public int ImageSize { get; init; }

    /// <summary>Side that larger maps were averaged to before they reached the head; 0 for none.</summary>
    public int FeaturePool { get; init; }

    /// <summary>File name of the network's checkpoint.</summary>
    public string Network { get; init; } = "";

    /// <summary>SHA-256 of the network's checkpoint.</summary>
    public string NetworkSha256 { get; init; } = "";

    /// <summary>Class given to a class-conditional network for every image; null for none, or not known.</summary>
    public int? ClassLabel { get; init; }

    /// <summary>True when the network was trained too and lies beside the head.</summary>
    public bool HasOwnNetwork { get; init; }

    /// <summary>Top-1 accuracy on the validation split, 0 to 1; null where there was none.</summary>
    public double? ValidationAccuracy { get; init; }

    /// <summary>What there is to say of a head for these features.</summary>
    /// <param name="head">The head.</param>
    /// <param name="features">What it was trained on.</param>
    public static HeadFileHeader Of(HeadRecipe head, IFeatureSource features) => new()
    {
        Head = head,
        Timesteps = features.Spec.Timesteps,
        Blocks = features.Spec.Blocks,
        Maps = [.. features.Blocks.Select(b => (IReadOnlyList<int>)[b.Channels, b.Size.Height, b.Size.Width])],
        Classes = features.Classes,
        ImageSize = features.Origin.ImageSize,
        FeaturePool = features.Origin.Pool,
        Network = features.Origin.Network,
        NetworkSha256 = features.Origin.NetworkSha256,
    };

    /// <summary>Timesteps and blocks of its features.</summary>
    [JsonIgnore]
    public FeatureSpec Spec => new(Timesteps, Blocks);

    /// <summary>The maps as heads are told of them.</summary>
    [JsonIgnore]
    public IReadOnlyList<FeatureInfo> Infos =>
        [.. (Feedback?.FirstBlocks ?? []).Concat(Blocks)
            .Select((b, i) => new FeatureInfo(b, Maps[i][0], new MapSize(Maps[i][1], Maps[i][2])))];
}

/// <summary>Heads in files: safetensors with PyTorch's names, and a header.</summary>
public static class HeadFile
{
    // What a DifFeed's names begin with, and no head's.
    private const string FeedbackPrefix = "feedback_layers.";

    /// <summary>Writes a head; the file appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="head">The head.</param>
    /// <param name="header">What there is to say of it.</param>
    /// <param name="feed">The feedback networks it was trained with, if any; they go into the file.</param>
    public static void Save(string path, Head head, HeadFileHeader header, DifFeed? feed = null) =>
        TensorFile.Save(path, head.StateDict().Concat(feed?.StateDict().AsEnumerable() ?? []),
            new Dictionary<string, string>
            {
                [HeadFileHeader.Key] = JsonSerializer.Serialize(header, HeadJson.Default.HeadFileHeader),
            });

    /// <summary>Where the fine-tuned network of a head is: <c>best.network.safetensors</c> beside
    /// <c>best.safetensors</c>.</summary>
    public static string NetworkPath(string head) => Path.ChangeExtension(head, ".network.safetensors");

    /// <summary>The fine-tuned network that lies beside a head; null for none.</summary>
    public static string? OwnNetwork(string head) => Header(head).HasOwnNetwork ? NetworkPath(head) : null;

    /// <summary>A head's file, from its own path or its run folder's.</summary>
    /// <exception cref="DiffractException">There is none.</exception>
    public static string Find(string path)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, "best.safetensors") : path;
        return File.Exists(file) ? file : throw new DiffractException($"{file}: no such head (diffract train writes "
            + "one)");
    }

    /// <summary>Reads the feedback networks of a head's file; frozen, in evaluation mode.</summary>
    /// <exception cref="StateDictException">They are not there, or do not fit.</exception>
    public static void LoadFeedback(string path, DifFeed feed)
    {
        using var file = TensorFile.Open(path);
        feed.LoadStateDict(file.Where(IsFeedback).ToDictionary());
        feed.RequiresGrad(false);
        feed.Eval();
    }

    /// <summary>Reads a head, frozen and in evaluation mode.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">Where the head is to be; the CPU when left out.</param>
    /// <exception cref="DiffractException">The file holds no head of this program.</exception>
    public static (Head Head, HeadFileHeader Header) Load(string path, Device? device = null)
    {
        using var file = TensorFile.Open(path);
        var header = Header(file);
        var head = HeadFactory.Make(header.Head, header.Infos, header.Timesteps.Count, header.Classes.Count);
        try
        {
            if (device is not null) head.To(device);
            head.LoadStateDict(file.Where(tensor => !IsFeedback(tensor)).ToDictionary());
        }
        catch
        {
            head.Dispose();
            throw;
        }
        head.RequiresGrad(false);
        head.Eval();
        return (head, header);
    }

    /// <summary>What a head's file says of itself.</summary>
    /// <exception cref="DiffractException">The file holds no head of this program.</exception>
    public static HeadFileHeader Header(string path)
    {
        using var file = TensorFile.Open(path);
        return Header(file);
    }

    private static HeadFileHeader Header(TensorFile file)
    {
        HeadFileHeader? header = null;
        try
        {
            if (file.Metadata.TryGetValue(HeadFileHeader.Key, out var text))
                header = JsonSerializer.Deserialize(text, HeadJson.Default.HeadFileHeader);
        }
        catch (JsonException e)
        {
            throw new DiffractException($"{file.Path}: the description of the head cannot be read: {e.Message}", e);
        }
        if (header is null)
            throw new DiffractException($"{file.Path} is no head of this program: it lacks the metadata "
                + $"'{HeadFileHeader.Key}' (diffract train writes one)");
        return header;
    }

    /// <summary>Refuses features that a head was not made for.</summary>
    /// <exception cref="DiffractException">Timesteps, blocks, sizes or classes differ; the message says which.
    /// </exception>
    public static void CheckFits(string path, HeadFileHeader header, IFeatureSource source)
    {
        if (!header.Timesteps.SequenceEqual(source.Spec.Timesteps) || !header.Blocks.SequenceEqual(source.Spec.Blocks))
            throw new DiffractException($"{path} was trained on blocks {string.Join(", ", header.Blocks)} at timesteps "
                + $"{string.Join(", ", header.Timesteps)}; the features are {source.Spec}");
        foreach (var (wanted, found) in header.Infos.Zip(source.Blocks))
            if (wanted != found)
                throw new DiffractException($"{path} was trained on {wanted}; the features have {found}");
        if (source.Classes.Count > 0 && !header.Classes.SequenceEqual(source.Classes))
            throw new DiffractException($"{path} knows {header.Classes.Count} classes "
                + $"({ClassNames.Some(header.Classes)}); the data have {source.Classes.Count} "
                + $"({ClassNames.Some(source.Classes)})");
    }

    /// <summary>What a reader should know of features that fit a head but come from elsewhere; null when there is
    /// nothing. A checkpoint that was converted is another file with the same network in it, so this is no error.
    /// </summary>
    public static string? Doubt(string path, HeadFileHeader header, IFeatureSource source)
    {
        var found = source.Origin;
        if (!found.IsOfAnotherNetwork(new FeatureOrigin(NetworkSha256: header.NetworkSha256))) return null;
        return $"{path} was trained with the network {header.Network} ({header.NetworkSha256[..8]}...); these features "
            + $"are of another file, {found.Network} ({found.NetworkSha256[..8]}...)";
    }

    /// <summary>Refuses a network beside a head that is not the one trained with it.</summary>
    /// <param name="path">The head's file.</param>
    /// <param name="header">Its header.</param>
    /// <param name="source">Features of the network.</param>
    /// <param name="network">The network's file.</param>
    /// <exception cref="DiffractException">It is so.</exception>
    public static void CheckOwnNetwork(string path, HeadFileHeader header, IFeatureSource source, string network)
    {
        if (!header.HasOwnNetwork || Path.GetFullPath(network) != Path.GetFullPath(NetworkPath(path))) return;
        if (Doubt(path, header, source) is { } doubt)
            throw new DiffractException($"{doubt}. It was replaced, or the training was killed as it saved: go on with "
                + "it (diffract train --resume), and both are written again");
    }

    private static bool IsFeedback(KeyValuePair<string, Tensor> tensor) =>
        tensor.Key.StartsWith(FeedbackPrefix, StringComparison.Ordinal);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HeadFileHeader))]
internal sealed partial class HeadJson : JsonSerializerContext;
