using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>What an optimiser remembers of one parameter.</summary>
public sealed class ParamState
{
    private readonly Dictionary<string, Tensor> slots = new(StringComparer.Ordinal);

    internal ParamState(Tensor parameter) => Parameter = parameter;

    /// <summary>The parameter it belongs to.</summary>
    public Tensor Parameter { get; }

    /// <summary>Number of the step that is being made, from 1; 0 before the first.</summary>
    public long Step { get; internal set; }

    /// <summary>A tensor of the parameter's shape and type, zero when it is first asked for.</summary>
    public Tensor Slot(string name)
    {
        if (!slots.TryGetValue(name, out var slot)) slots[name] = slot = InPlace.ZerosLike(Parameter);
        return slot;
    }

    internal void Reset()
    {
        Step = 0;
        foreach (var slot in slots.Values) slot.Dispose();
        slots.Clear();
    }
}
