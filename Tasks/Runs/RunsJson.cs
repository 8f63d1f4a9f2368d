using System.Text.Json.Serialization;

namespace Diffract.Tasks;

/// <summary>How the files of a run folder are written, without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RunEnvironment))]
[JsonSerializable(typeof(List<RunEnvironment>))]
internal sealed partial class RunsJson : JsonSerializerContext;
