using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>One named tensor of a module: a parameter, or a buffer that is saved but not trained. Its memory is
/// allocated when it is first filled, so that a large network can be built, counted and loaded without ever holding
/// random numbers, and numbers that nobody set are never read.</summary>
public sealed class Parameter
{
    private Tensor? value;
    private Device? device;
    private bool requiresGrad;

    internal Parameter(string name, Shape shape, DType dtype, bool isBuffer)
    {
        (Name, Shape, DType, IsBuffer) = (name, shape, dtype, isBuffer);
        requiresGrad = !isBuffer;
    }

    /// <summary>The last part of its name in the state dict: <c>weight</c>.</summary>
    public string Name { get; }

    /// <summary>PyTorch's shape.</summary>
    public Shape Shape { get; }

    /// <summary>Type of the elements.</summary>
    public DType DType { get; private set; }

    /// <summary>True for a tensor that is saved with the module but not trained.</summary>
    public bool IsBuffer { get; }

    /// <summary>Where the numbers are, or will be.</summary>
    public Device Device => value?.Device ?? device ?? Device.Cpu;

    /// <summary>False until the module was initialised or loaded.</summary>
    public bool IsFilled => value is not null;

    /// <summary>Collects a gradient in backward; false for a frozen parameter.</summary>
    public bool RequiresGrad
    {
        get => requiresGrad;
        set
        {
            requiresGrad = value && !IsBuffer;
            if (this.value is not { } tensor) return;
            if (requiresGrad && tensor.Storage.IsReadOnly) Copy();
            else tensor.RequiresGrad = requiresGrad;
        }
    }

    /// <summary>The tensor. It belongs to the module: do not dispose it.</summary>
    /// <exception cref="InvalidOperationException">It was not filled yet.</exception>
    public Tensor Value => value ?? throw new InvalidOperationException(
        $"'{Name}' {Shape} holds no numbers yet: call Initialise(generator) or LoadStateDict(...) on its module first");

    /// <summary>Overwrites the numbers, converting their type; takes memory when it is the first time. They may be on
    /// another device.</summary>
    /// <exception cref="ShapeException">The shape is not the parameter's.</exception>
    public void Assign(Tensor values)
    {
        if (values.Shape != Shape) throw new ShapeException($"'{Name}' is {Shape}, found {values.Shape}");
        if (value is null || value.Storage.IsReadOnly)
            Replace(Tensor.EmptyLasting(Shape, DType, device ?? value?.Device ?? values.Device));
        using var no = GradMode.No();
        using var scope = Scope.Open();
        if (values.Device == Value.Device) Value.Assign(values);
        else if (values.DType == Value.DType) Value.CopyFrom(values.Contiguous());
        else Value.Assign(values.To(Value.Device));
    }

    /// <summary>Takes a tensor's memory instead of its numbers, where type, layout and device are the parameter's and
    /// it is frozen; otherwise assigns. What lies in a mapped file is copied as soon as it is thawed or assigned
    /// to.</summary>
    internal void Share(Tensor values)
    {
        if (requiresGrad || values.DType != DType || !values.IsContiguous || values.Shape != Shape
            || values.Device != (device ?? values.Device))
        {
            Assign(values);
            values.Storage.ReleasePages();
        }
        else Replace(values.Window(Shape, values.Offset));
    }

    internal void Move(Device to)
    {
        device = to;
        if (value is null || value.Device == to) return;
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var moved = Tensor.EmptyLasting(Shape, DType, to);
        moved.CopyFrom(value.Contiguous());
        value.Storage.ReleasePages();
        Replace(moved);
    }

    internal void Convert(DType to)
    {
        if (!DType.IsFloating() || DType == to) return;
        DType = to;
        if (value is not null) Copy();
    }

    internal void Release()
    {
        value?.Dispose();
        value = null;
    }

    // Into memory of its own, in the parameter's type.
    private void Copy()
    {
        var copy = Tensor.EmptyLasting(Shape, DType, Value.Device);
        copy.Assign(Value);
        Value.Storage.ReleasePages();
        Replace(copy);
    }

    private void Replace(Tensor tensor)
    {
        value?.Dispose();
        value = Scope.Detach(tensor);
        value.RequiresGrad = requiresGrad;
    }
}
