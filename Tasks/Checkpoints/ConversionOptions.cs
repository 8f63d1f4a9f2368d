using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>What to copy from one file of tensors to another.</summary>
/// <param name="Source">A safetensors or PyTorch file.</param>
/// <param name="Target">The file to write; its extension says the format.</param>
/// <param name="DType">The type of the target's floating-point tensors; null to keep each one's. Integers stay.</param>
/// <param name="Entry">Only what is under this key of a nested checkpoint, keys joined by dots; null for all.</param>
/// <param name="Overwrite">Replaces a target that exists.</param>
/// <param name="Network">Writes the architecture into the target's metadata, with this for what names and shapes do not
/// tell; null to leave the metadata as they are.</param>
/// <param name="Schedule">The same for the noise schedule, <c>linear</c> or <c>cosine</c>.</param>
public sealed record ConversionOptions(
    string Source, string Target, DType? DType = null, string? Entry = null, bool Overwrite = false,
    NetworkOptions? Network = null, string? Schedule = null);
