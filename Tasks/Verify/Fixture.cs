using System.Text.Json;

namespace Diffract.Tasks;

/// <summary>One case of a golden folder, as its manifest describes it.</summary>
/// <param name="Name">The fixture's name, which carries no information: <c>ops/linear</c>.</param>
/// <param name="Kind">What the runner dispatches on; empty when the manifest gives none.</param>
/// <param name="Files">Files with the tensors, relative to the folder; twins in other formats, parts of a big one.
/// </param>
/// <param name="Reference">The fixture whose tensors this one's must equal, if any.</param>
/// <param name="Meta">Every setting that is not a tensor.</param>
/// <param name="Tensors">The tensors by name.</param>
/// <param name="Fault">What is wrong with the description; null when it could be read.</param>
internal sealed record Fixture(
    string Name,
    string Kind,
    IReadOnlyList<string> Files,
    string? Reference,
    JsonElement Meta,
    IReadOnlyDictionary<string, TensorSpec> Tensors,
    string? Fault = null);
