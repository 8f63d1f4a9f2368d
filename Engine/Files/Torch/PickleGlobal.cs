namespace Diffract.Engine;

/// <summary>What the few things do that a pickle may name. Nothing is looked up in this program: each is a branch of
/// <see cref="Unpickler"/>, and whatever is not here is refused by name.</summary>
internal enum PickleCallable
{
    /// <summary>A storage class: names an element type, cannot be called.</summary>
    Storage,
    OrderedDict,
    Counter,
    RebuildTensor,
    RebuildTensorV2,
    RebuildParameter,
    Size,
    Device,
}

/// <summary>One of the allowed names.</summary>
/// <param name="Kind">What it stands for.</param>
/// <param name="Name">Module and name, for messages.</param>
/// <param name="DType">The elements of a storage class.</param>
internal sealed record PickleGlobal(PickleCallable Kind, string Name, DType DType = default)
{
    /// <summary>Null for a name that is not allowed.</summary>
    public static PickleGlobal? Find(string module, string name)
    {
        PickleCallable? kind = (module, name) switch
        {
            ("collections", "OrderedDict") => PickleCallable.OrderedDict,
            ("collections", "Counter") => PickleCallable.Counter,
            ("torch._utils", "_rebuild_tensor") => PickleCallable.RebuildTensor,
            ("torch._utils", "_rebuild_tensor_v2") => PickleCallable.RebuildTensorV2,
            ("torch._utils", "_rebuild_parameter") => PickleCallable.RebuildParameter,
            ("torch", "Size") => PickleCallable.Size,
            ("torch", "device") => PickleCallable.Device,
            _ => null,
        };
        if (kind is { } known) return new PickleGlobal(known, $"{module}.{name}");
        return TorchStorages.Parse(module, name) is { } dtype
            ? new PickleGlobal(PickleCallable.Storage, $"{module}.{name}", dtype)
            : null;
    }
}
