using System.Text.Json;
using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>The results of a verification for other programs.</summary>
public static class VerifyJson
{
    /// <summary>The results as JSON. A share that is infinite (nothing could be compared, or an exact value differs) is
    /// null.</summary>
    public static string Write(VerifyOptions options, IReadOnlyList<CaseReport> reports) =>
        JsonSerializer.Serialize(new Document(
            options.Folder,
            options.Device.Name,
            options.DType?.ToString(),
            VerifyReport.Count(reports, CaseOutcome.Passed),
            VerifyReport.Count(reports, CaseOutcome.Failed),
            VerifyReport.Count(reports, CaseOutcome.Skipped),
            [.. reports.Select(report => new Case(
                report.Name,
                report.Kind,
                report.Outcome,
                Math.Round(report.Seconds, 4),
                Finite(report.Worst?.Share),
                report.Worst?.Tensor,
                report.Problems,
                [.. report.Checks.Select(check => new Tensor(check.Tensor, Finite(check.Share), check.Passed))]))]),
            VerifyJsonContext.Default.Document);

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;

    internal sealed record Document(
        string Folder,
        string Device,
        [property: JsonPropertyName("dtype")] string? DType,
        int Passed,
        int Failed,
        int Skipped,
        IReadOnlyList<Case> Cases);

    internal sealed record Case(
        string Name,
        string Kind,
        CaseOutcome Outcome,
        double Seconds,
        double? WorstShare,
        string? WorstTensor,
        IReadOnlyList<string> Problems,
        IReadOnlyList<Tensor> Checks);

    internal sealed record Tensor(string Name, double? Share, bool Passed);
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(VerifyJson.Document))]
internal sealed partial class VerifyJsonContext : JsonSerializerContext;
