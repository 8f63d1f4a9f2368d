using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>What a file of tensors holds, for people and for programs. Only descriptions are read, not the elements.
/// </summary>
public static class FileInspection
{
    /// <summary>The description as text: a head, then a table of the tensors.</summary>
    public static IEnumerable<string> Lines(TensorFile file)
    {
        yield return $"{file.Path}: {FormatName(file.Format)}, {Units.Bytes(file.Length)}";
        yield return $"{Number(file.Count, "tensor")}, {Number(file.TotalElements, "element")}, "
            + $"{Units.Bytes(file.TotalBytes)}{(file.Count > 0 ? $" ({Types(file)})" : "")}";
        foreach (var (key, value) in file.Metadata)
            yield return $"metadata {PlainText.Line(key)}: {PlainText.Line(value)}";
        foreach (var line in Entries(file.Root as TensorTree)) yield return line;
        foreach (var line in NetworkDescription.Lines(file)) yield return line;
        if (file.Count == 0) yield break;
        yield return "";
        string[] header = ["name", "type", "shape", "elements"];
        foreach (var line in Columns.Align([header, .. file.Tensors.Select(t => (string[])
            [PlainText.Line(t.Name), t.DType.ToString(), t.Shape.ToString(), Units.Count(t.Count)])], 3))
            yield return line;
    }

    /// <summary>The description as JSON.</summary>
    public static string Json(TensorFile file) => JsonSerializer.Serialize(
        new Document(
            file.Path,
            FormatName(file.Format),
            file.Length,
            file.TotalElements,
            file.TotalBytes,
            file.Metadata,
            NetworkDescription.Json(file),
            [.. file.Tensors.Select(t => new Entry(t.Name, t.DType.ToString(), t.Shape.ToArray(), t.Count, t.Bytes))]),
        FileInspectionJson.Default.Document);

    /// <summary>A format as people call it.</summary>
    public static string FormatName(TensorFileFormat format) => format switch
    {
        TensorFileFormat.Safetensors => "safetensors",
        TensorFileFormat.TorchZip => "PyTorch archive",
        _ => "PyTorch file (legacy format)",
    };

    private static string Types(TensorFile file) => string.Join(", ", file.Tensors.GroupBy(t => t.DType)
        .OrderByDescending(g => g.Sum(t => t.Bytes)).Select(g => $"{g.Count()} {g.Key}"));

    private static string Number(long count, string what) => $"{Units.Count(count)} {what}{(count == 1 ? "" : "s")}";

    // What a training checkpoint holds beside tensors: its top level, numbers and texts with their values.
    private static IEnumerable<string> Entries(TensorTree? root)
    {
        if (root is null || root.Values.All(value => value is TensorInfo)) yield break;
        foreach (var (key, value) in root)
            if (value is not TensorInfo) yield return $"entry {PlainText.Line($"{key}")}: {Describe(value)}";
    }

    private static string Describe(object? value) => value switch
    {
        null => "None",
        TensorTree tree => $"dictionary of {tree.Count} with {Number(CountTensors(tree), "tensor")}",
        IReadOnlyList<object?> list => $"list of {list.Count}",
        string text => PlainText.Line(text),
        byte[] bytes => Units.Bytes(bytes.Length),
        _ => PlainText.Line($"{value}"),
    };

    private static int CountTensors(object? value) => value switch
    {
        TensorInfo => 1,
        TensorTree tree => tree.Values.Sum(CountTensors),
        IReadOnlyList<object?> list => list.Sum(CountTensors),
        _ => 0,
    };

    internal sealed record Document(string File, string Format, long FileBytes, long Elements, long Bytes,
        IReadOnlyDictionary<string, string> Metadata, JsonNode? Network, IReadOnlyList<Entry> Tensors);

    internal sealed record Entry(
        string Name, [property: JsonPropertyName("dtype")] string DType, long[] Shape, long Elements, long Bytes);
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FileInspection.Document))]
internal sealed partial class FileInspectionJson : JsonSerializerContext;
