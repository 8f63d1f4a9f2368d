using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>What an object must remember to go on after an interruption as if there had been none: tensors and numbers
/// by name. Names are paths with dots (<c>out.2.weight.exp_avg</c>).</summary>
public sealed class SavedState
{
    private readonly SortedDictionary<string, Tensor> tensors = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, double> numbers = new(StringComparer.Ordinal);

    /// <summary>The tensors. After <see cref="IStateful.SaveState"/> they share memory with the object: write them to
    /// a file, or clone them, before it changes.</summary>
    public IDictionary<string, Tensor> Tensors => tensors;

    /// <summary>The numbers, exact: integers below 2^53 and every double.</summary>
    public IDictionary<string, double> Numbers => numbers;

    /// <summary>Adds everything of another state under a prefix: <c>Add("optimizer", optimizer.SaveState())</c>.
    /// </summary>
    /// <returns>This state.</returns>
    public SavedState Add(string prefix, SavedState part)
    {
        foreach (var (name, tensor) in part.tensors) tensors.Add($"{prefix}.{name}", tensor);
        foreach (var (name, number) in part.numbers) numbers.Add($"{prefix}.{name}", number);
        return this;
    }

    /// <summary>What was added under a prefix; empty when nothing was.</summary>
    public SavedState Part(string prefix)
    {
        var part = new SavedState();
        var start = prefix + ".";
        foreach (var (name, tensor) in tensors)
            if (name.StartsWith(start, StringComparison.Ordinal)) part.tensors.Add(name[start.Length..], tensor);
        foreach (var (name, number) in numbers)
            if (name.StartsWith(start, StringComparison.Ordinal)) part.numbers.Add(name[start.Length..], number);
        return part;
    }

    /// <summary>A number that must be there.</summary>
    /// <exception cref="StateException">It is not.</exception>
    public double Number(string name) => numbers.TryGetValue(name, out var number)
        ? number
        : throw new StateException($"the saved state lacks the number '{name}'");
}

/// <summary>A saved state that does not belong to the object that is to load it.</summary>
public sealed class StateException(string message) : DiffractException(message);
