using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Compares a saved state with what an object expects, and says everything that is wrong in one message.
/// <code>
/// new StateCheck(state).Number("step").Tensor("history", history).ThrowIfWrong();
/// </code></summary>
/// <param name="state">The state that is to be loaded.</param>
public sealed class StateCheck(SavedState state)
{
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly List<string> faults = [];

    /// <summary>Expects a number.</summary>
    public StateCheck Number(string name)
    {
        known.Add(name);
        if (!state.Numbers.ContainsKey(name)) faults.Add($"missing number '{name}'");
        return this;
    }

    /// <summary>Expects a tensor of the shape and type of another.</summary>
    public StateCheck Tensor(string name, Tensor like)
    {
        known.Add(name);
        if (!state.Tensors.TryGetValue(name, out var tensor)) faults.Add($"missing tensor '{name}'");
        else if (tensor.Shape != like.Shape || tensor.DType != like.DType)
            faults.Add($"'{name}' is {tensor.Shape} {tensor.DType}, expected {like.Shape} {like.DType}");
        return this;
    }

    /// <summary>Throws when something expected is missing or different, or something unexpected is there.</summary>
    /// <exception cref="StateException">Lists all of it.</exception>
    public void ThrowIfWrong()
    {
        foreach (var name in state.Tensors.Keys.Concat(state.Numbers.Keys))
            if (!known.Contains(name)) faults.Add($"unexpected '{name}'");
        if (faults.Count > 0)
            throw new StateException("the saved state belongs to something else:\n  " + string.Join("\n  ", faults));
    }
}
