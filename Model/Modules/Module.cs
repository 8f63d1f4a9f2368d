using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Model;

/// <summary>A part of a network: its parameters, buffers and children under PyTorch's state-dict names, registered in
/// the constructor.
/// <code>
/// public sealed class Affine : Layer
/// {
///     private readonly Parameter weight;
///     public Affine(int features) => weight = Parameter("weight", [features]);
///     protected override void InitialiseOwn(Generator generator) => weight.Assign(Tensor.Ones(weight.Shape));
///     protected override Tensor Compute(Tensor x) => x * weight.Value;
/// }
/// </code></summary>
/// <remarks>A forward changes nothing in a module that is in evaluation mode, so any number of threads may run one
/// network at the same time.</remarks>
public abstract class Module : IDisposable
{
    private readonly List<Parameter> own = [];
    private readonly List<Module> children = [];

    /// <summary>A module of its own; its name changes when it becomes somebody's child.</summary>
    protected Module() => Name = GetType().Name;

    /// <summary>The part of the path that its parent gave it (<c>in_layers.2</c>); the type's name for a
    /// root.</summary>
    public string Name { get; private set; }

    /// <summary>True in training mode, which matters to dropout and batch normalisation only. New modules
    /// are.</summary>
    public bool Training { get; private set; } = true;

    /// <summary>Where its parameters are, and its inputs must be; the CPU for a module without any.</summary>
    public Device Device => State().Select(p => p.Parameter.Device).FirstOrDefault(Device.Cpu);

    /// <summary>The direct children, in the order of the state dict.</summary>
    public IReadOnlyList<Module> Children => children;

    /// <summary>Number of trainable elements, frozen ones included; buffers do not count.</summary>
    public long ParameterCount => State().Where(p => !p.Parameter.IsBuffer).Sum(p => p.Parameter.Shape.Count);

    /// <summary>Every parameter and buffer with its full name, in PyTorch's order: what is the module's own before what
    /// is its children's, parameters before buffers. Works before anything was filled.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> State()
    {
        foreach (var parameter in own.Where(p => !p.IsBuffer)) yield return (parameter.Name, parameter);
        foreach (var buffer in own.Where(p => p.IsBuffer)) yield return (buffer.Name, buffer);
        foreach (var child in children)
            foreach (var (name, parameter) in child.State())
                yield return ($"{child.Name}.{name}", parameter);
    }

    /// <summary>The parameters with their full names, in order.</summary>
    /// <exception cref="InvalidOperationException">The module was neither initialised nor loaded.</exception>
    public IEnumerable<(string Name, Tensor Parameter)> NamedParameters() =>
        State().Where(p => !p.Parameter.IsBuffer).Select(p => (p.Name, Filled(p.Name, p.Parameter)));

    /// <summary>The parameters, in order.</summary>
    /// <exception cref="InvalidOperationException">The module was neither initialised nor loaded.</exception>
    public IEnumerable<Tensor> Parameters() => NamedParameters().Select(p => p.Parameter);

    /// <summary>This module and all below it, with their paths, parents first; the root's path is empty.</summary>
    public IEnumerable<(string Path, Module Module)> NamedModules()
    {
        yield return ("", this);
        foreach (var child in children)
            foreach (var (path, module) in child.NamedModules())
                yield return (path.Length == 0 ? child.Name : $"{child.Name}.{path}", module);
    }

    /// <summary>Parameters and buffers by name, in order. The tensors are the module's own, not copies.</summary>
    /// <exception cref="InvalidOperationException">The module was neither initialised nor loaded.</exception>
    public IReadOnlyDictionary<string, Tensor> StateDict()
    {
        var state = new OrderedDictionary<string, Tensor>();
        foreach (var (name, parameter) in State()) state.Add(name, Filled(name, parameter));
        return state;
    }

    /// <summary>Copies a state dict into the parameters and buffers, tensor by tensor, converting floating-point types.
    /// Everything is checked before anything is changed.</summary>
    /// <param name="state">Tensors by name, in PyTorch's shapes. They may lie in a mapped file.</param>
    /// <param name="strict">False to accept missing and unexpected names; shapes and types must fit in any
    /// case.</param>
    /// <param name="share">True to let frozen parameters lie where the state dict lies (in a mapped file: nothing is
    /// read before it is used) instead of copying them.</param>
    /// <returns>The names that were missing and unexpected; none when strict.</returns>
    /// <exception cref="StateDictException">Something does not fit; the message lists all of it.</exception>
    public StateDictDifference LoadStateDict(IReadOnlyDictionary<string, Tensor> state, bool strict = true,
        bool share = false)
    {
        var difference = StateDictDifference.Between(this, state);
        if (!difference.Allows(strict)) throw new StateDictException(difference.Describe(Name));
        foreach (var (name, parameter) in State())
        {
            if (!state.TryGetValue(name, out var tensor)) continue;
            if (share) parameter.Share(tensor);
            else parameter.Assign(tensor);
        }
        return difference;
    }

    /// <summary>Fills every parameter with its default initialisation: convolutions and linear layers uniform in
    /// +-1/sqrt(fan in), norms 1 and 0, embeddings normal, zero where the architecture says so. The same generator
    /// state gives the same numbers.</summary>
    public void Initialise(Generator generator)
    {
        using (GradMode.No())
        using (Scope.Open())
            InitialiseOwn(generator);
        foreach (var child in children) child.Initialise(generator);
    }

    /// <summary>Switches training mode on, here and below.</summary>
    public void Train() => SetTraining(true);

    /// <summary>Switches training mode off, here and below.</summary>
    public void Eval() => SetTraining(false);

    /// <summary>Freezes (false) or thaws (true) all parameters, here and below. No gradient is calculated for frozen
    /// ones.</summary>
    public void RequiresGrad(bool value)
    {
        foreach (var (_, parameter) in State()) parameter.RequiresGrad = value;
    }

    /// <summary>Releases the gradients of all parameters.</summary>
    public void ZeroGrad()
    {
        foreach (var (_, parameter) in State())
            if (parameter is { IsFilled: true, RequiresGrad: true }) parameter.Value.Grad = null;
    }

    /// <summary>Moves parameters and buffers to a device, one after the other; those that hold no numbers yet will get
    /// them there. Their tensors are replaced: make optimisers afterwards.</summary>
    public void To(Device device)
    {
        foreach (var (_, parameter) in State()) parameter.Move(device);
    }

    /// <summary>Converts the floating-point parameters and buffers. Their tensors are replaced: make optimisers
    /// afterwards.</summary>
    public void To(DType dtype)
    {
        if (!dtype.IsFloating()) throw new DTypeException($"parameters are floating-point numbers, not {dtype}");
        foreach (var (_, parameter) in State()) parameter.Convert(dtype);
    }

    /// <summary>Chooses between speed and memory on the CPU, here and below. <see cref="MemoryMode.Lean"/> replaces
    /// the weights' tensors and is for frozen modules; it cannot be undone.</summary>
    /// <exception cref="InvalidOperationException">Lean, and a weight is being trained.</exception>
    public void UseMemory(MemoryMode mode)
    {
        foreach (var (path, module) in NamedModules())
        {
            if (module is Conv2d { Method: not ConvMethod.Direct } conv)
                conv.Method = mode == MemoryMode.Fast ? ConvMethod.Fast : ConvMethod.Balanced;
            if (module is UNetTrunk network) network.ReturnsMemory = mode == MemoryMode.Lean;
            if (mode != MemoryMode.Lean || module is not IWeighted { Weights: var weight }) continue;
            if (weight.RequiresGrad)
                throw new InvalidOperationException($"'{path}.{weight.Name}' is being trained: weights that are kept "
                    + "in 16 bits cannot be; freeze it with RequiresGrad(false), or choose another memory mode");
            weight.Convert(DType.Float16);
        }
    }

    /// <summary>The generator that dropout draws from, here and below; part of a training checkpoint.</summary>
    public void UseGenerator(Generator generator)
    {
        Generator = generator;
        foreach (var child in children) child.UseGenerator(generator);
    }

    /// <summary>A table of the module tree: path, type, parameters, shape of the state.</summary>
    /// <param name="depth">How many levels to list; deeper ones are only counted.</param>
    public string Summary(int depth = int.MaxValue) => ModuleSummary.Of(this, depth);

    /// <summary>Releases parameters and buffers, here and below.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    internal IReadOnlyList<Parameter> Own => own;

    /// <summary>What <see cref="UseGenerator"/> gave.</summary>
    protected Generator? Generator { get; private set; }

    /// <summary>Releases what a derived class holds beside its parameters.</summary>
    protected virtual void Dispose(bool disposing)
    {
        foreach (var parameter in own) parameter.Release();
        foreach (var child in children) child.Dispose();
    }

    /// <summary>Registers a parameter; it holds no memory until it is filled.</summary>
    protected Parameter Parameter(string name, Shape shape) => Add(new Parameter(name, shape, DType.Float32, false));

    /// <summary>Registers a tensor that is saved but not trained, and fills it.</summary>
    protected Parameter Buffer(string name, Tensor value)
    {
        var buffer = Add(new Parameter(name, value.Shape, value.DType, true));
        buffer.Assign(value);
        value.Dispose();
        return buffer;
    }

    /// <summary>Registers a child under its name, which may have several parts (<c>in_layers.0</c>).</summary>
    protected T Child<T>(string name, T module) where T : Module
    {
        if (children.Any(c => c.Name == name)) throw new ArgumentException($"there is a child '{name}' already");
        module.Name = name;
        children.Add(module);
        return module;
    }

    /// <summary>Fills the module's own parameters; gradients are off, and temporaries are released afterwards.
    /// </summary>
    protected virtual void InitialiseOwn(Generator generator)
    {
        if (own.Any(p => !p.IsBuffer))
            throw new NotSupportedException($"{GetType().Name} has parameters but no default initialisation");
    }

    private Parameter Add(Parameter parameter)
    {
        if (own.Any(p => p.Name == parameter.Name))
            throw new ArgumentException($"there is a parameter '{parameter.Name}' already");
        own.Add(parameter);
        return parameter;
    }

    private void SetTraining(bool value)
    {
        Training = value;
        foreach (var child in children) child.SetTraining(value);
    }

    private Tensor Filled(string name, Parameter parameter) => parameter.IsFilled
        ? parameter.Value
        : throw new InvalidOperationException($"{Name}: '{name}' {parameter.Shape} holds no numbers yet: call "
            + "Initialise(generator) or LoadStateDict(...) first");
}
