namespace Diffract.Engine;

/// <content>Files that hold more than a dictionary of tensors.</content>
public sealed partial class TensorFile
{
    /// <summary>The whole content of the file as it was saved: usually a <see cref="TensorTree"/>, whose description
    /// says what it can hold. Tensors stand in it as <see cref="TensorInfo"/>; read one with
    /// <c>file[info.Name]</c>.</summary>
    public object? Root => content.Root ?? FlatRoot();

    /// <summary>A value in the tree: <c>file.Value("optimizer", "param_groups", 0, "lr")</c>.</summary>
    /// <param name="path">Keys of dictionaries and positions in lists, from the outside inwards.</param>
    /// <exception cref="KeyNotFoundException">There is no such value.</exception>
    public object? Value(params ReadOnlySpan<object> path)
    {
        var node = Root;
        foreach (var step in path)
        {
            node = (node, step) switch
            {
                (TensorTree tree, _) when tree.TryGetValue(step, out var value) => value,
                (IReadOnlyList<object?> list, int position) when (uint)position < (uint)list.Count => list[position],
                _ => throw new KeyNotFoundException($"{Path} has nothing at {string.Join(" > ", path.ToArray())}"),
            };
        }
        return node;
    }

    /// <summary>The tensors whose names begin with <paramref name="prefix"/> and a dot, under the rest of their names:
    /// <c>file.Under("model_head")</c> is the head's state in a training checkpoint.</summary>
    public IReadOnlyDictionary<string, Tensor> Under(string prefix)
    {
        var under = new OrderedDictionary<string, Tensor>();
        foreach (var name in Keys.Where(name => name.StartsWith(prefix + ".", StringComparison.Ordinal)))
            under.Add(name[(prefix.Length + 1)..], this[name]);
        return under;
    }

    /// <summary>Reads the whole file and checks what opening it leaves aside: the checksums of a zip archive, and that
    /// bools are 0 or 1.</summary>
    /// <exception cref="FileFormatException">Something was damaged.</exception>
    public void Verify()
    {
        content.Verify?.Invoke();
        foreach (var info in content.Tensors.Values) if (info.DType == DType.Bool) CheckBools(info);
    }

    private TensorTree FlatRoot()
    {
        var root = new TensorTree();
        foreach (var (name, info) in content.Tensors) root.Add(name, info);
        return root;
    }
}
