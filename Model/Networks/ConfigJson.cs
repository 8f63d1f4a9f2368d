using System.Text.Json.Serialization;

namespace Diffract.Model;

/// <summary>Serialises architectures without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = false)]
[JsonSerializable(typeof(TrunkConfig))]
internal sealed partial class ConfigJson : JsonSerializerContext;
