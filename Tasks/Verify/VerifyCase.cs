using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>A fixture while its case runs: what a runner takes from it, and what it has compared. A runner must take or
/// compare every tensor, and compare every one that the original code computed.</summary>
internal sealed class VerifyCase(
    Fixture fixture, FixtureData data, GoldenFolder folder, Device device, DType dtype, MemoryMode memory)
{
    private readonly HashSet<string> used = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorCheck> checks = new(StringComparer.Ordinal);
    private readonly List<(string Name, Tensor Tensor, Layout Layout)> leaves = [];

    public Fixture Fixture => fixture;

    public FixtureData Data => data;

    public GoldenFolder Folder => folder;

    public Meta Meta { get; } = new(fixture.Meta);

    public Device Device => device;

    /// <summary>The type to calculate in.</summary>
    public DType DType => dtype;

    /// <summary>What a network's weights may take.</summary>
    public MemoryMode Memory => memory;

    /// <summary>Names of all tensors, in the file's order.</summary>
    public IEnumerable<string> Names => data.Tensors.Keys;

    public IReadOnlyCollection<TensorCheck> Checks => checks.Values;

    public bool Has(string name) => data.Tensors.ContainsKey(name);

    /// <summary>The tensor as it stands in the file.</summary>
    public Tensor Stored(string name)
    {
        used.Add(name);
        return data[name];
    }

    /// <summary>Whole numbers: labels, timesteps.</summary>
    public long[] Integers(string name) => Elements.Integers(Stored(name));

    /// <summary>Numbers in full precision.</summary>
    public double[] Doubles(string name) => Elements.Doubles(Stored(name));

    /// <summary>A tensor to calculate with: floating numbers in the case's type, on its device.</summary>
    public Tensor Input(string name, Layout layout = Layout.AsStored) => Prepare(Stored(name), layout);

    /// <summary>An input whose gradient is wanted; <see cref="CheckGradients(string)"/> compares it.</summary>
    public Tensor Leaf(string name, Layout layout = Layout.AsStored)
    {
        var leaf = Input(name, layout);
        leaf.RequiresGrad = true;
        leaves.Add((name, leaf, layout));
        return leaf;
    }

    public Tensor? OptionalLeaf(string name) => Has(name) ? Leaf(name) : null;

    /// <summary>One entry along the first axis of a stored tensor, to calculate with.</summary>
    public Tensor Slice(string name, long index, Layout layout = Layout.AsStored)
    {
        var stored = Stored(name);
        var shape = stored.Shape[1..];
        return Prepare(stored.Window(shape, stored.Offset + index * stored.Strides[0],
            shape.Rank == 0 ? default : stored.Strides.Skip(1).ToArray()), layout);
    }

    /// <summary>A stored tensor of any fixture as something to calculate with.</summary>
    public Tensor Prepare(Tensor stored, Layout layout = Layout.AsStored)
    {
        var placed = stored.DType.IsFloating()
            ? Elements.Make(Elements.Doubles(stored), stored.Shape, dtype, device)
            : OnDevice(stored);
        return Layouts.FromStored(placed, layout);
    }

    /// <summary>Compares a result with the stored tensor of that name.</summary>
    /// <param name="name">The stored tensor.</param>
    /// <param name="found">What was calculated.</param>
    /// <param name="layout">How <paramref name="found"/> lies in memory.</param>
    /// <param name="floor">The least absolute tolerance, where the original's own rounding is known to be that large.
    /// </param>
    public void Check(string name, Tensor found, Layout layout = Layout.AsStored, double floor = 0)
    {
        if (!Has(name))
        {
            checks[name] = TensorCheck.Failed(name, $"{name}: the fixture lacks this tensor");
            return;
        }
        var expected = Stored(name);
        using var scope = Scope.Open();
        checks[name] = TensorCheck.Compare(name, expected, Layouts.ToStored(found.Detach(), layout),
            Tolerance.Of(fixture.Tensors.GetValueOrDefault(name, TensorSpec.Unknown), expected, floor));
    }

    /// <summary>Compares numbers that are not in a tensor; they have the stored tensor's shape.</summary>
    public void Check(string name, ReadOnlySpan<double> found)
    {
        if (!Has(name) || data[name].Count != found.Length) Fail(name, $"expected {(Has(name) ? data[name].Count : 0)} "
            + $"numbers, found {found.Length}");
        else if (data[name].DType.IsFloating()) Check(name, Tensor.From(found, data[name].Shape));
        else Check(name, Tensor.From(Array.ConvertAll(found.ToArray(), v => (long)v), data[name].Shape));
    }

    /// <summary>Compares whole numbers that are not in a tensor.</summary>
    public void Check(string name, ReadOnlySpan<long> found)
    {
        if (!Has(name) || data[name].Count != found.Length) Fail(name, $"expected {(Has(name) ? data[name].Count : 0)} "
            + $"numbers, found {found.Length}");
        else Check(name, Tensor.From(found, data[name].Shape));
    }

    /// <summary>Compares a result <c>y</c>, runs backward from the stored gradient <c>gy</c>, and compares the
    /// gradients of the leaves.</summary>
    public void CheckBackward(Tensor y, Layout layout = Layout.AsStored)
    {
        Check("y", y, layout);
        if (!Has("gy")) return;
        y.Backward(Input("gy", layout));
        CheckGradients();
    }

    /// <summary>Compares the gradient of every leaf of which one is stored, under <paramref name="prefix"/> and the
    /// leaf's name.</summary>
    public void CheckGradients(string prefix = "grad_")
    {
        foreach (var (name, leaf, layout) in leaves)
            if (Has(prefix + name)) CheckGradient(prefix + name, leaf, layout);
    }

    /// <summary>Compares the gradient that backward has left at a leaf.</summary>
    public void CheckGradient(string name, Tensor leaf, Layout layout = Layout.AsStored)
    {
        if (leaf.Grad is { } gradient) Check(name, gradient, layout);
        else Fail(name, "backward has left no gradient");
    }

    /// <summary>Gives a module the case's type and device, and the parameters stored under a prefix: all of them, and
    /// no others.</summary>
    public T Load<T>(T module, string prefix) where T : Module
    {
        Use(Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)));
        return Load(module, data.Tensors.Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(t => t.Key[prefix.Length..], t => t.Value));
    }

    /// <summary>Gives a module the case's type and device, and stored parameters.</summary>
    public T Load<T>(T module, IReadOnlyDictionary<string, Tensor> state) where T : Module
    {
        try
        {
            module.To(dtype);
            module.To(device);
            module.LoadStateDict(state);
            return module;
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }

    /// <summary>Compares the gradient of every parameter of which one is stored, under <paramref name="prefix"/> and
    /// the parameter's name.</summary>
    public void CheckGradients(Module module, string prefix)
    {
        var parameters = module.NamedParameters().ToDictionary(p => p.Name, p => p.Parameter);
        foreach (var name in Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).ToArray())
        {
            if (parameters.TryGetValue(name[prefix.Length..], out var parameter)) CheckGradient(name, parameter);
            else Fail(name, "the module has no such parameter");
        }
    }

    /// <summary>Another fixture that this one takes its inputs from, in the same type and on the same device.</summary>
    public VerifyCase Sibling(Fixture other) =>
        new(other, FixtureData.Read(folder, other), folder, device, dtype, memory);

    /// <summary>A tensor of ones in the case's type.</summary>
    public Tensor Ones(Shape shape)
    {
        var ones = new double[shape.Count];
        Array.Fill(ones, 1);
        return Elements.Make(ones, shape, dtype, device);
    }

    /// <summary>Notes a fault of <paramref name="name"/>, a tensor or a property of the case.</summary>
    public void Fail(string name, string problem)
    {
        used.Add(name);
        checks[name] = TensorCheck.Failed(name, $"{name}: {problem}");
    }

    /// <summary>Notes a property that must hold exactly.</summary>
    public void Require(string name, bool holds, string problem) =>
        checks[name] = holds ? new TensorCheck(name, 0, null) : TensorCheck.Failed(name, $"{name}: {problem}");

    /// <summary>Notes that these tensors were taken by something that checks their names itself.</summary>
    public void Use(IEnumerable<string> names) => used.UnionWith(names);

    /// <summary>Finds what the runner has forgotten. A tensor that nobody looked at makes a case worthless.</summary>
    public IEnumerable<string> Uncovered()
    {
        foreach (var name in Names)
        {
            if (!used.Contains(name)) yield return $"{name}: this tensor was neither used nor checked";
            else if (fixture.Tensors.TryGetValue(name, out var spec) && spec.IsResult && !checks.ContainsKey(name))
                yield return $"{name}: this result was used, but not checked";
        }
        if (checks.Count == 0) yield return "nothing was checked";
    }

    private Tensor OnDevice(Tensor stored) => stored.DType switch
    {
        DType.Int64 => Tensor.From(stored.ToArray<long>(), stored.Shape, device),
        DType.Int32 => Tensor.From(stored.ToArray<int>(), stored.Shape, device),
        DType.UInt8 => Tensor.From(stored.ToArray<byte>(), stored.Shape, device),
        _ => Tensor.From(stored.ToArray<bool>(), stored.Shape, device),
    };
}
