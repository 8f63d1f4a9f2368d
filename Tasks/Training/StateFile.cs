using System.Text.Json;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>A <see cref="SavedState"/> as a safetensors file: its tensors under their names, its numbers in one F64
/// tensor <c>numbers</c> whose names are the metadata <c>diffract.numbers</c>. Written atomically.</summary>
public static class StateFile
{
    private const string Numbers = "numbers";
    private const string NumberNames = "diffract.numbers";
    private const string Kind = "diffract.state";

    /// <summary>Writes a state.</summary>
    /// <param name="path">The file; it appears whole or not at all.</param>
    /// <param name="state">Tensors and numbers.</param>
    /// <param name="kind">What the state is of, such as <c>pretrain/1</c>; <see cref="Load"/> asks for it.</param>
    /// <param name="text">Further metadata.</param>
    public static void Save(
        string path, SavedState state, string kind, IReadOnlyDictionary<string, string>? text = null)
    {
        using var scope = Scope.Open();
        var tensors = new Dictionary<string, Tensor>(state.Tensors, StringComparer.Ordinal);
        if (state.Numbers.Count > 0)
            tensors.Add(Numbers, Tensor.From([.. state.Numbers.Values], [state.Numbers.Count]));
        var metadata = new Dictionary<string, string>(text ?? new Dictionary<string, string>())
        {
            [Kind] = kind,
            [NumberNames] = JsonSerializer.Serialize([.. state.Numbers.Keys], StateJson.Default.StringArray),
        };
        TensorFile.Save(path, tensors, metadata);
    }

    /// <summary>Reads a state; its tensors are copies, so the file may be replaced.</summary>
    /// <exception cref="DiffractException">The file holds something else.</exception>
    public static (SavedState State, IReadOnlyDictionary<string, string> Text) Load(string path, string kind)
    {
        using var file = TensorFile.Open(path);
        if (!file.Metadata.TryGetValue(Kind, out var found))
            throw new DiffractException($"{path} is no saved state of a run (it lacks the metadata '{Kind}')");
        if (found != kind) throw new DiffractException($"{path} is a state of '{found}', expected '{kind}'");
        var state = new SavedState();
        foreach (var name in file.Keys)
        {
            if (name == Numbers) continue;
            state.Tensors[name] = Scope.Detach(file[name].Clone());
        }
        var names = JsonSerializer.Deserialize(file.Metadata[NumberNames], StateJson.Default.StringArray)!;
        if (names.Length == 0) return (state, file.Metadata);
        var values = file[Numbers].ToArray<double>();
        if (values.Length != names.Length)
            throw new DiffractException($"{path}: {names.Length} names for {values.Length} numbers");
        for (var i = 0; i < names.Length; i++) state.Numbers[names[i]] = values[i];
        return (state, file.Metadata);
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string[]))]
internal sealed partial class StateJson : System.Text.Json.Serialization.JsonSerializerContext;
