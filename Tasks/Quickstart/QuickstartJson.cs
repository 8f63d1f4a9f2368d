using System.Text.Json.Serialization;

namespace Diffract.Tasks;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(QuickstartRecipe))]
[JsonSerializable(typeof(QuickstartResult))]
internal sealed partial class QuickstartJson : JsonSerializerContext;
