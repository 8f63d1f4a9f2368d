namespace Diffract.Engine;

/// <content>Names, calls, storages and tensors.</content>
internal ref partial struct Unpickler
{
    private readonly PickleGlobal Global(string module, string name) =>
        PickleGlobal.Find(module, name) ?? throw Refused(module, name);

    private readonly FileFormatException Refused(string module, string name) =>
        Error($"refused global {FileText.Plain($"{module}.{name}")}: only tensors, containers and plain values are "
            + "read, and nothing is run (of a module, save the state_dict)");

    private readonly PickleGlobal StackGlobal(object?[] names) => names is [string module, string name]
        ? Global(module, name)
        : throw Error("the name of a global is not a string");

    // ("storage", class, key, location, count) or, in old files, a sixth: (view key, offset, count) or None.
    private readonly TorchStorage PersistentStorage(object? id)
    {
        if (storages is null) throw Error("a storage where none can be");
        if (id is not object?[] { Length: 5 or 6 } parts
            || parts is not ["storage", PickleGlobal type, string key, string, long count, ..]
            || type.Kind != PickleCallable.Storage)
            throw Error("a reference to something that is not a storage");
        var storage = storages.Find(key, type.DType, count, out var problem) ?? throw Error(problem);
        if (parts.Length == 5 || parts[5] is null) return storage;
        if (parts[5] is not object?[] view || view is not [string, long offset, long length]
            || offset < 0 || length < 0 || offset > count || length > count - offset)
            throw Error($"a view that is not inside the storage {FileText.Quote(key)}");
        return storage with { Offset = offset * type.DType.Size(), Count = length };
    }

    private object? Call(object?[] call)
    {
        if (call is not [PickleGlobal callee, object?[] arguments])
            throw Error($"refused to call {Kind(call[0])} with {Kind(call[1])}");
        return (callee.Kind, arguments) switch
        {
            (PickleCallable.OrderedDict, []) => new TensorTree { IsOrdered = true },
            (PickleCallable.OrderedDict, [List<object?> pairs]) => OrderedDict(pairs),
            (PickleCallable.Counter, [] or [TensorTree]) => arguments.Length > 0 ? arguments[0] : new TensorTree(),
            (PickleCallable.RebuildTensor, [TorchStorage storage, long offset, object?[] size, object?[] stride]) =>
                Tensor(storage, offset, size, stride),
            // Then requires_grad, hooks and, at times, flags: a tensor with hooks or flags is more than its numbers.
            (PickleCallable.RebuildTensorV2,
                [TorchStorage storage, long offset, object?[] size, object?[] stride, bool, .. { Length: 1 or 2 } rest])
                when Array.TrueForAll(rest, IsNothing) => Tensor(storage, offset, size, stride),
            (PickleCallable.RebuildParameter, [TensorInfo tensor, bool, var hooks]) when IsNothing(hooks) => tensor,
            (PickleCallable.Size, [object?[] size]) => size,
            (PickleCallable.Device, [string type]) => type,
            (PickleCallable.Device, [string type, long index]) => $"{type}:{index}",
            _ => throw Error($"refused to call {callee.Name} with {arguments.Length} arguments of unexpected kinds"),
        };
    }

    private static bool IsNothing(object? value) => value is null or TensorTree { Count: 0 };

    // Python 2 gave the entries as one list of pairs. The list can be called on again and again, so the copies count.
    private TensorTree OrderedDict(List<object?> pairs)
    {
        copied += pairs.Count;
        if (copied > at) throw Error("more entries are copied than the pickle has bytes: a bomb");
        var tree = new TensorTree { IsOrdered = true };
        foreach (var pair in pairs)
        {
            if (pair is not IReadOnlyList<object?> { Count: 2 } entry) throw Error("an ordered dictionary of no pairs");
            SetItem(tree, entry[0], entry[1]);
        }
        return tree;
    }

    private readonly TensorInfo Tensor(TorchStorage storage, long offset, object?[] size, object?[] stride)
    {
        if (size.Length != stride.Length || size.Length > Shape.MaxRank || offset < 0)
            throw Error($"a tensor of {size.Length} axes with {stride.Length} strides at element {offset}; at most "
                + $"{Shape.MaxRank} axes are read");
        Span<long> lengths = stackalloc long[size.Length];
        var steps = new long[size.Length];
        for (var axis = 0; axis < size.Length; axis++)
        {
            if (size[axis] is not (long and >= 0 and var length) || stride[axis] is not (long and >= 0 and var step))
                throw Error("a tensor's size or stride is not a whole number from 0 up");
            (lengths[axis], steps[axis]) = (length, step);
        }
        try
        {
            var shape = Shape.Of(lengths);
            CheckReach(storage, offset, shape, steps);
            var first = storage.Offset + (shape.Count == 0 ? 0 : offset * storage.DType.Size());
            var strides = IsRowMajor(shape, steps) ? null : steps;
            return new TensorInfo("", storage.DType, shape, storage.Section, first, strides);
        }
        catch (ShapeException e)
        {
            throw Error($"a tensor: {e.Message}");
        }
    }

    private readonly void CheckReach(TorchStorage storage, long offset, Shape shape, long[] steps)
    {
        if (shape.Count == 0) return;
        // Each term is below 2^126 and the sum is looked at after each, so nothing overflows.
        Int128 last = offset;
        for (var axis = 0; axis < shape.Rank && last < storage.Count; axis++)
            last += (Int128)(shape[axis] - 1) * steps[axis];
        if (last >= storage.Count)
            throw Error($"a tensor {shape} at element {offset} reaches outside its storage of {storage.Count} "
                + "elements");
        if ((Int128)shape.Count * storage.DType.Size() > long.MaxValue)
            throw Error($"a tensor {shape} of {storage.DType} is larger than an address space");
    }

    private static bool IsRowMajor(Shape shape, long[] steps)
    {
        long step = 1;
        for (var axis = shape.Rank - 1; axis >= 0; axis--)
        {
            if (shape[axis] != 1 && steps[axis] != step) return shape.Count == 0;
            step *= shape[axis];
        }
        return true;
    }

    private readonly void Build(object? state)
    {
        if (Peek() is not TensorTree tree || state is not TensorTree attributes)
            throw Error($"refused to set the state of {Kind(Peek())} to {Kind(state)}");
        tree.Attributes = attributes;
    }
}
