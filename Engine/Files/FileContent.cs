namespace Diffract.Engine;

/// <summary>What a reader found in a file.</summary>
/// <param name="Format">The file's kind.</param>
/// <param name="Tensors">The tensors by name, in the file's order.</param>
/// <param name="Metadata">Text that goes with them.</param>
/// <param name="Root">The whole content as a tree; null when it is just the tensors by name.</param>
/// <param name="Verify">Reads all bytes and compares checksums, where the format has them.</param>
internal sealed record FileContent(
    TensorFileFormat Format,
    OrderedDictionary<string, TensorInfo> Tensors,
    IReadOnlyDictionary<string, string> Metadata,
    object? Root = null,
    Action? Verify = null);
