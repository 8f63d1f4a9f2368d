using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Changes parameters along their gradients. One step:
/// <code>
/// optimizer.ZeroGrad();
/// loss.Backward();
/// optimizer.Step();
/// </code></summary>
/// <remarks>Gradients of several <c>Backward</c> calls add up, so a large batch may be taken in microbatches. The
/// convention is that of guided-diffusion: each microbatch's loss is a mean over the microbatch and the sum of the
/// gradients is <em>not</em> divided by the number of microbatches; scale the loss where a mean over all is wanted.
/// </remarks>
public abstract class Optimizer : IStateful, IDisposable
{
    private readonly List<ParamGroup> groups;
    private readonly List<(string Name, ParamGroup Group, ParamState State)> entries = [];
    // One for each set of parameters that a step changes at once, in the order of the sets.
    private readonly List<StretchTable> tables = [];

    /// <summary>Takes the parameters over, not their ownership.</summary>
    /// <param name="groups">At least one parameter; none twice.</param>
    /// <param name="lr">Learning rate of the groups that bring none.</param>
    /// <param name="weightDecay">Weight decay of the groups that bring none.</param>
    /// <exception cref="ArgumentException">A parameter or a name appears twice, or there is none.</exception>
    protected Optimizer(IEnumerable<ParamGroup> groups, double lr, double weightDecay)
    {
        this.groups = [.. groups];
        foreach (var group in this.groups)
        {
            group.Adopt(lr, weightDecay, entries.Count);
            foreach (var (name, tensor) in group.Parameters) entries.Add((name, group, Check(name, tensor)));
        }
        if (entries.Count == 0)
            throw new ArgumentException("an optimiser needs at least one parameter", nameof(groups));
        if (entries.GroupBy(e => e.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new ArgumentException($"two parameters are called '{twice.Key}'", nameof(groups));
        if (entries.GroupBy(e => e.State.Parameter).FirstOrDefault(g => g.Count() > 1) is { } same)
            throw new ArgumentException($"'{same.First().Name}' was given twice", nameof(groups));
    }

    /// <summary>The parameter groups; their rates may be changed between steps.</summary>
    public IReadOnlyList<ParamGroup> Groups => groups;

    /// <summary>All parameters, group by group.</summary>
    public IEnumerable<Tensor> Parameters => entries.Select(e => e.State.Parameter);

    /// <summary>Names of the tensors kept for each parameter, as PyTorch calls them.</summary>
    protected abstract IReadOnlyList<string> Slots { get; }

    /// <summary>Changes every parameter that has a gradient.</summary>
    public void Step()
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var sets = entries.Where(e => e.State.Parameter.Grad is not null).GroupBy(e =>
            (e.Group, e.State.Step, e.State.Parameter.Device, e.State.Parameter.DType));
        var number = 0;
        foreach (var set in sets)
        {
            var members = set.Select(e => (e.State, Gradient(e.Name, e.State))).ToList();
            foreach (var (state, _) in members) state.Step++;
            if (number == tables.Count) tables.Add(new StretchTable());
            if (!UpdateTogether(set.Key.Group, members, tables[number++]))
                foreach (var (state, gradient) in members) Update(set.Key.Group, state, gradient);
            foreach (var (state, _) in members)
            {
                state.Parameter.Storage.MarkChanged();
                foreach (var slot in Slots) state.Slot(slot).Storage.MarkChanged();
            }
        }
    }

    private static Tensor Gradient(string name, ParamState state)
    {
        state.Parameter.ThrowIfDisposed();
        var gradient = state.Parameter.Grad!;
        return gradient.DType == state.Parameter.DType
            ? gradient.Contiguous()
            : throw new DTypeException($"{name}: the gradient is {gradient.DType}, the parameter "
                + $"{state.Parameter.DType}");
    }

    /// <summary>Forgets all gradients; parameters without one are skipped by the next <see cref="Step"/>.</summary>
    public void ZeroGrad()
    {
        foreach (var (_, _, state) in entries)
            if (state.Parameter.Grad is not null) state.Parameter.Grad = null;
    }

    /// <summary>Changes one parameter, and its state, in place.</summary>
    /// <param name="group">The rates.</param>
    /// <param name="state">The parameter, the number of this step, the tensors kept for it.</param>
    /// <param name="gradient">Contiguous, of the parameter's shape and type; only to be read.</param>
    protected abstract void Update(ParamGroup group, ParamState state, Tensor gradient);

    /// <summary>Changes parameters that are at the same step, on one device and of one type, all at once.</summary>
    /// <returns>False where that cannot be done: then each is changed by itself.</returns>
    private protected virtual bool UpdateTogether(ParamGroup group,
        IReadOnlyList<(ParamState State, Tensor Gradient)> members, StretchTable table) => false;

    private protected static bool Run<TArgs>(Kernel<Many<TArgs>> kernel,
        IReadOnlyList<(ParamState State, Tensor Gradient)> members,
        Func<(ParamState State, Tensor Gradient), TArgs> args, StretchTable table) where TArgs : struct
    {
        var first = members[0].State.Parameter;
        if (!kernel.Takes(first.Device, first.DType)) return false;
        kernel.Run(first.Device, first.DType, new([.. members.Select(args)], table));
        return true;
    }

    /// <inheritdoc/>
    public SavedState SaveState()
    {
        var saved = new SavedState();
        for (var i = 0; i < groups.Count; i++)
        {
            saved.Numbers[$"group.{i}.lr"] = groups[i].Lr;
            saved.Numbers[$"group.{i}.initial_lr"] = groups[i].InitialLr;
            saved.Numbers[$"group.{i}.weight_decay"] = groups[i].WeightDecay;
        }
        foreach (var (name, _, state) in entries)
        {
            if (state.Step == 0) continue;
            saved.Numbers[$"state.{name}.step"] = state.Step;
            foreach (var slot in Slots) saved.Tensors[$"state.{name}.{slot}"] = state.Slot(slot);
        }
        return saved;
    }

    /// <inheritdoc/>
    public void LoadState(SavedState state)
    {
        var expected = new StateCheck(state);
        for (var i = 0; i < groups.Count; i++)
            foreach (var number in (string[])["lr", "initial_lr", "weight_decay"])
                expected.Number($"group.{i}.{number}");
        foreach (var (name, _, own) in entries)
        {
            if (!state.Numbers.ContainsKey($"state.{name}.step")) continue;
            expected.Number($"state.{name}.step");
            foreach (var slot in Slots) expected.Tensor($"state.{name}.{slot}", own.Parameter);
        }
        expected.ThrowIfWrong();

        for (var i = 0; i < groups.Count; i++)
        {
            groups[i].Lr = state.Numbers[$"group.{i}.lr"];
            groups[i].InitialLr = state.Numbers[$"group.{i}.initial_lr"];
            groups[i].WeightDecay = state.Numbers[$"group.{i}.weight_decay"];
        }
        foreach (var (name, _, own) in entries)
        {
            own.Reset();
            if (!state.Numbers.TryGetValue($"state.{name}.step", out var step)) continue;
            own.Step = (long)step;
            foreach (var slot in Slots) InPlace.Load(state.Tensors[$"state.{name}.{slot}"], own.Slot(slot));
        }
    }

    /// <summary>Releases the tensors kept for the parameters, not the parameters.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what a derived optimiser keeps besides its slots, and calls the base.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) return;
        foreach (var (_, _, state) in entries) state.Reset();
        foreach (var table in tables) table.Dispose();
    }

    private static ParamState Check(string name, Tensor tensor)
    {
        if (tensor.DType is not (DType.Float32 or DType.Float64))
            throw new DTypeException($"{name} is {tensor.DType}; an optimiser changes Float32 and Float64 parameters "
                + "(train 16-bit weights through a Float32 master copy)");
        if (!tensor.IsContiguous) throw new ShapeException($"{name}: a parameter must be contiguous");
        if (!tensor.IsLeaf) throw new ArgumentException($"{name} is the result of an operation, not a parameter");
        return new ParamState(tensor);
    }
}
