using System.Text.Json;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Reads <c>manifest.json</c> of a golden folder: an object from fixture names to kind, files, meta and
/// tensors. A fixture that cannot be understood is kept with its fault, so that it fails as a case of its own.
/// </summary>
internal static class Manifest
{
    public const string FileName = "manifest.json";

    public static IReadOnlyList<Fixture> Read(string folder)
    {
        if (!Directory.Exists(folder)) throw new VerifyException($"{folder}: no such folder");
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new VerifyException($"{folder}: no {FileName} in it, so it is not a golden folder");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new VerifyException($"{path}: not a JSON object from fixture names to fixtures");
            return [.. document.RootElement.EnumerateObject().Select(p => Fixture(p.Name, p.Value.Clone()))];
        }
        catch (JsonException e)
        {
            throw new VerifyException($"{path}: not valid JSON: {e.Message}", e);
        }
    }

    private static Fixture Fixture(string name, JsonElement entry)
    {
        try
        {
            return new Fixture(name, Text(entry, "kind") ?? throw new FormatException("it has no kind"), Files(entry),
                Text(entry, "reference"), entry.TryGetProperty("meta", out var meta) ? meta : default, Tensors(entry));
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or DiffractException)
        {
            return new Fixture(name, "", [], null, default, new Dictionary<string, TensorSpec>(),
                $"the manifest cannot be read here: {e.Message}");
        }
    }

    private static string? Text(JsonElement entry, string property) =>
        entry.TryGetProperty(property, out var value) && value.ValueKind != JsonValueKind.Null
            ? value.GetString()
            : null;

    private static IReadOnlyList<string> Files(JsonElement entry) => entry.TryGetProperty("files", out var files)
        ? [.. files.EnumerateArray().Select(f => f.GetString() ?? throw new FormatException("a file's name is null"))]
        : [];

    private static Dictionary<string, TensorSpec> Tensors(JsonElement entry)
    {
        var tensors = new Dictionary<string, TensorSpec>(StringComparer.Ordinal);
        if (!entry.TryGetProperty("tensors", out var listed)) return tensors;
        foreach (var tensor in listed.EnumerateObject())
            tensors[tensor.Name] = new TensorSpec(
                Text(tensor.Value, "dtype") is { } dtype ? ParseDType(tensor.Name, dtype) : null,
                ShapeOf(tensor.Value),
                Number(tensor.Value, "recommended_atol"),
                Number(tensor.Value, "recommended_rtol"),
                Number(tensor.Value, "max_abs_f32_minus_f64"),
                Number(tensor.Value, "max_abs_value"));
        return tensors;
    }

    private static double? Number(JsonElement tensor, string property) =>
        tensor.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble()
            : null;

    private static Shape? ShapeOf(JsonElement tensor) => tensor.TryGetProperty("shape", out var shape)
        ? Shape.Of([.. shape.EnumerateArray().Select(length => length.GetInt64())])
        : null;

    private static DType ParseDType(string tensor, string name) => name switch
    {
        "F64" => DType.Float64,
        "F32" => DType.Float32,
        "F16" => DType.Float16,
        "BF16" => DType.BFloat16,
        "I64" => DType.Int64,
        "I32" => DType.Int32,
        "U8" => DType.UInt8,
        "BOOL" => DType.Bool,
        _ => throw new FormatException($"the tensor {tensor} has the unknown dtype {name}"),
    };
}
