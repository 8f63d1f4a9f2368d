using System.Text.Json.Nodes;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Tests.Tasks;

/// <summary>A golden folder that a test fills, removed with the test.</summary>
internal sealed class TemporaryGoldens : IDisposable
{
    private readonly JsonObject manifest = [];

    public string Path { get; } = Directory.CreateTempSubdirectory("diffract-goldens-").FullName;

    /// <summary>Adds a fixture; its file is written when it has tensors.</summary>
    public JsonObject Add(string name, string kind, string meta = "{}", params (string Name, Tensor Tensor)[] tensors)
    {
        var listed = new JsonObject();
        foreach (var (tensorName, tensor) in tensors)
            listed[tensorName] = new JsonObject
            {
                ["dtype"] = Code(tensor.DType),
                ["shape"] = new JsonArray([.. tensor.Shape.ToArray().Select(l => (JsonNode)l)]),
            };
        var entry = new JsonObject
        {
            ["kind"] = kind,
            ["files"] = new JsonArray($"{name}.safetensors"),
            ["meta"] = JsonNode.Parse(meta),
            ["tensors"] = listed,
        };
        manifest[name] = entry;
        if (tensors.Length > 0)
            TensorFile.Save(System.IO.Path.Combine(Path, $"{name}.safetensors"),
                tensors.Select(t => KeyValuePair.Create(t.Name, t.Tensor)));
        Write();
        return entry;
    }

    /// <summary>Writes the manifest again after an entry was changed.</summary>
    public void Write() => File.WriteAllText(System.IO.Path.Combine(Path, "manifest.json"), manifest.ToJsonString());

    public IReadOnlyList<CaseReport> Run(DType? dtype = null, params string[] filters) =>
        Verification.Run(new VerifyOptions(Path, Device.Cpu, dtype, filters));

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static string Code(DType dtype) => dtype switch
    {
        DType.Float64 => "F64",
        DType.Float32 => "F32",
        DType.Float16 => "F16",
        DType.BFloat16 => "BF16",
        DType.Int64 => "I64",
        DType.Int32 => "I32",
        DType.UInt8 => "U8",
        _ => "BOOL",
    };
}
