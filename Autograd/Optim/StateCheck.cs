using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Compares a saved state with what an object expects, and says everything that is wrong in one message.
/// </summary>
internal sealed class StateCheck(SavedState state)
{
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly List<string> faults = [];

    public void Number(string name)
    {
        known.Add(name);
        if (!state.Numbers.ContainsKey(name)) faults.Add($"missing number '{name}'");
    }

    public void Tensor(string name, Tensor like) => Tensor(name, like.Shape, like.DType);

    public void Tensor(string name, Shape shape, DType dtype)
    {
        known.Add(name);
        if (!state.Tensors.TryGetValue(name, out var tensor)) faults.Add($"missing tensor '{name}'");
        else if (tensor.Shape != shape || tensor.DType != dtype)
            faults.Add($"'{name}' is {tensor.Shape} {tensor.DType}, expected {shape} {dtype}");
    }

    public void ThrowIfWrong()
    {
        foreach (var name in state.Tensors.Keys.Concat(state.Numbers.Keys))
            if (!known.Contains(name)) faults.Add($"unexpected '{name}'");
        if (faults.Count > 0)
            throw new StateException("the saved state belongs to something else:\n  " + string.Join("\n  ", faults));
    }
}
