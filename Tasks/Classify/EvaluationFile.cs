using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>A head's score on some images, kept as JSON beside its report.</summary>
public sealed record EvaluationFile
{
    /// <summary>The images or features, as the command line named them.</summary>
    public required string Data { get; init; }

    /// <summary>Images.</summary>
    public required long Images { get; init; }

    /// <summary>Images whose class had the highest score.</summary>
    public required long Top1 { get; init; }

    /// <summary>Images whose class was among the five highest scores.</summary>
    public required long Top5 { get; init; }

    /// <summary>Mean cross-entropy.</summary>
    public required double Loss { get; init; }

    /// <summary>Noise draws whose probabilities were averaged.</summary>
    public required int Draws { get; init; }

    /// <summary>SHA-256 of the head's file; empty in a score that does not say.</summary>
    public string HeadSha256 { get; init => field = value ?? ""; } = "";

    /// <summary>The images in words, by which scores can be compared: "photos, 500 images, 2 draws".</summary>
    [JsonIgnore]
    public string On => $"{Data}, {Images} images" + (Draws == 1 ? "" : $", {Draws} draws");

    /// <summary>Where the score of a head is: <c>best.evaluation.json</c> beside <c>best.safetensors</c>.</summary>
    public static string PathOf(string head) => Path.ChangeExtension(head, ".evaluation.json");

    /// <summary>Keeps a score.</summary>
    /// <param name="path">The file; it appears whole or not at all.</param>
    /// <param name="data">The images or features.</param>
    /// <param name="score">The score.</param>
    /// <param name="draws">Noise draws.</param>
    /// <param name="head">SHA-256 of the head's file.</param>
    public static void Save(string path, string data, HeadScore score, int draws, string head) =>
        RecipeFile.Save(path, new EvaluationFile
        {
            Data = data,
            Images = score.Classes.Top1.Trials,
            Top1 = score.Classes.Top1.Successes,
            Top5 = score.Classes.Top5.Successes,
            Loss = score.Loss,
            Draws = draws,
            HeadSha256 = head,
        }, EvaluationJson.Default.EvaluationFile);

    /// <summary>The score of a head; null when there is none, or that of a head which was here before.</summary>
    /// <param name="head">The head's file.</param>
    public static EvaluationFile? Of(string head) => Find(PathOf(head)) is { } found
        && (found.HeadSha256.Length == 0 || (File.Exists(head) && DiffusionNetwork.Hash(head) == found.HeadSha256))
        ? found
        : null;

    /// <summary>Reads a score; null when there is none.</summary>
    public static EvaluationFile? Find(string path) =>
        File.Exists(path) ? RecipeFile.Load(path, EvaluationJson.Default.EvaluationFile) : null;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(EvaluationFile))]
internal sealed partial class EvaluationJson : JsonSerializerContext;
