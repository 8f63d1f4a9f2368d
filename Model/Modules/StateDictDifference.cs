using System.Text;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>How a state dict differs from what a module expects.</summary>
/// <param name="Missing">Names that the module has and the state dict lacks, with their shapes.</param>
/// <param name="Unexpected">Names that the state dict has and the module lacks, with their shapes.</param>
/// <param name="Misfits">One sentence for each tensor of another shape or an inconvertible type.</param>
public sealed record StateDictDifference(
    IReadOnlyList<(string Name, Shape Shape)> Missing,
    IReadOnlyList<(string Name, Shape Shape)> Unexpected,
    IReadOnlyList<string> Misfits)
{
    /// <summary>True when names, shapes and types all fit.</summary>
    public bool IsEmpty => Missing.Count + Unexpected.Count + Misfits.Count == 0;

    internal bool Allows(bool strict) => strict ? IsEmpty : Misfits.Count == 0;

    internal static StateDictDifference Between(Module module, IReadOnlyDictionary<string, Tensor> state)
    {
        var expected = new HashSet<string>();
        var missing = new List<(string, Shape)>();
        var misfits = new List<string>();
        foreach (var (name, parameter) in module.State())
        {
            expected.Add(name);
            if (!state.TryGetValue(name, out var found)) missing.Add((name, parameter.Shape));
            else if (Misfit(parameter, found) is { } problem) misfits.Add($"{name}: {problem}");
        }
        var unexpected = state.Where(s => !expected.Contains(s.Key)).Select(s => (s.Key, s.Value.Shape)).ToList();
        return new StateDictDifference(missing, unexpected, misfits);
    }

    internal string Describe(string module)
    {
        var text = new StringBuilder($"the state dict does not fit {module}: {Missing.Count} missing, "
            + $"{Unexpected.Count} unexpected, {Misfits.Count} of another shape or type");
        foreach (var (name, shape) in Missing) text.Append($"\n  missing: {name} {shape}");
        foreach (var (name, shape) in Unexpected) text.Append($"\n  unexpected: {name} {shape}");
        foreach (var misfit in Misfits) text.Append($"\n  {misfit}");
        if (Missing.Count > 0 && Unexpected.Count > 0 && SharedPrefix() is { } prefix)
            text.Append($"\n  every unexpected name starts with '{prefix}': take that off first");
        return text.ToString();
    }

    // A wrapper ("module.", "model.", "backbone.") in front of every name is the commonest reason for a total misfit.
    private string? SharedPrefix()
    {
        var wanted = Missing[0].Name;
        var wrapped = Unexpected.FirstOrDefault(u => u.Name.EndsWith("." + wanted, StringComparison.Ordinal)).Name;
        if (wrapped is null) return null;
        var prefix = wrapped[..^wanted.Length];
        return Unexpected.All(u => u.Name.StartsWith(prefix, StringComparison.Ordinal)) ? prefix : null;
    }

    private static string? Misfit(Parameter parameter, Tensor found)
    {
        if (parameter.Shape != found.Shape)
        {
            var hint = IsTransposed(parameter.Shape, found.Shape) ? " (transposed?)" : "";
            return $"expected {parameter.Shape}, found {found.Shape}{hint}";
        }
        return parameter.DType.IsFloating() == found.DType.IsFloating() && found.DType != DType.Bool
            ? null
            : $"expected {parameter.DType} {parameter.Shape}, found {found.DType}";
    }

    private static bool IsTransposed(Shape expected, Shape found) =>
        expected.Rank == found.Rank && expected.ToArray().Order().SequenceEqual(found.ToArray().Order());
}
