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

    /// <summary>Where the score of a head is: <c>best.evaluation.json</c> beside <c>best.safetensors</c>.</summary>
    public static string PathOf(string head) => Path.ChangeExtension(head, ".evaluation.json");

    /// <summary>Keeps a score.</summary>
    /// <param name="path">The file; it appears whole or not at all.</param>
    /// <param name="data">The images or features.</param>
    /// <param name="score">The score.</param>
    /// <param name="draws">Noise draws.</param>
    public static void Save(string path, string data, HeadScore score, int draws) => RecipeFile.Save(path,
        new EvaluationFile
        {
            Data = data,
            Images = score.Classes.Top1.Trials,
            Top1 = score.Classes.Top1.Successes,
            Top5 = score.Classes.Top5.Successes,
            Loss = score.Loss,
            Draws = draws,
        }, EvaluationJson.Default.EvaluationFile);

    /// <summary>Reads a score; null when there is none.</summary>
    public static EvaluationFile? Find(string path) =>
        File.Exists(path) ? RecipeFile.Load(path, EvaluationJson.Default.EvaluationFile) : null;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(EvaluationFile))]
internal sealed partial class EvaluationJson : JsonSerializerContext;
