using System.Numerics;
using System.Text;

namespace Diffract.Engine;

/// <summary>Finds the tensors in a tree and names them by the way to them: keys and positions joined by dots.</summary>
/// <remarks>A pickle of a few bytes can describe a tree without end (a list that contains itself) or one with more
/// paths than atoms (lists of the same list twice, again and again). Depth, steps, names and their characters are
/// therefore limited, the last three by the length of the pickle.</remarks>
internal sealed class TorchTree
{
    /// <summary>Levels that dictionaries and lists may be nested.</summary>
    public const int MaxDepth = 64;

    private const long FreeSteps = 100_000;
    private const long StepsPerByte = 16;
    private const long CharactersPerByte = 8;

    private readonly FileBytes file;
    private readonly long origin;
    private readonly long maxNames;
    private readonly OrderedDictionary<string, TensorInfo> tensors = new(StringComparer.Ordinal);
    private readonly List<(object? Key, int Position)> path = [];
    private readonly StringBuilder name = new();
    private long stepsLeft, charactersLeft, bytes;

    private TorchTree(FileBytes file, long origin, long pickleBytes)
    {
        (this.file, this.origin, maxNames) = (file, origin, pickleBytes);
        stepsLeft = FreeSteps + StepsPerByte * pickleBytes;
        charactersLeft = CharactersPerByte * pickleBytes;
    }

    /// <summary>Names the tensors of a tree. Storages that stand alone become tensors of one axis.</summary>
    /// <param name="file">For errors.</param>
    /// <param name="origin">First byte of the pickle.</param>
    /// <param name="pickleBytes">Bytes of the pickle.</param>
    /// <param name="root">The tree, in which descriptions of tensors get their names.</param>
    public static OrderedDictionary<string, TensorInfo> Tensors(
        FileBytes file, long origin, long pickleBytes, ref object? root)
    {
        var walk = new TorchTree(file, origin, pickleBytes);
        walk.Visit(ref root);
        return walk.tensors;
    }

    /// <summary>The text metadata that <see cref="TorchWriter"/> hangs on the outer dictionary.</summary>
    public static IReadOnlyDictionary<string, string> Metadata(object? root)
    {
        var metadata = new Dictionary<string, string>();
        if (root is TensorTree { Attributes: { } attributes }
            && attributes.TryGetValue(TorchWriter.Metadata, out var found) && found is TensorTree texts)
        {
            foreach (var (key, value) in texts) if (key is string name && value is string text) metadata[name] = text;
        }
        return metadata;
    }

    private void Visit(ref object? node)
    {
        if (--stepsLeft < 0) throw Error("a tree with far more branches than the file has bytes: a bomb");
        if (path.Count > MaxDepth) throw Error($"nested deeper than {MaxDepth} levels, or containing itself");
        switch (node)
        {
            case null or bool or long or double or string or byte[] or BigInteger: break;
            case TensorInfo tensor: Name(tensor); break;
            case TensorTree tree: Visit(tree); break;
            case List<object?> list: Visit(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(list)); break;
            case object?[] tuple: Visit(tuple.AsSpan()); break;
            case TorchStorage storage:
                var whole = new TensorInfo("", storage.DType, [storage.Count], storage.Section, storage.Offset);
                node = whole;
                Name(whole);
                break;
            case PickleGlobal global: throw Error($"{global.Name} itself is a value of the file");
            default: throw new InvalidOperationException($"a {node.GetType()} in a tree");
        }
    }

    private void Visit(TensorTree tree)
    {
        for (var i = 0; i < tree.Count; i++)
        {
            var (key, value) = tree.At(i);
            path.Add((key, 0));
            var changed = value;
            Visit(ref changed);
            if (!ReferenceEquals(changed, value)) tree.SetAt(i, changed);
            path.RemoveAt(path.Count - 1);
        }
        if (tree.Attributes is null) return;
        object? attributes = tree.Attributes;
        path.Add(("", 0));
        Visit(ref attributes);
        path.RemoveAt(path.Count - 1);
    }

    private void Visit(Span<object?> items)
    {
        for (var i = 0; i < items.Length; i++)
        {
            path.Add((null, i));
            Visit(ref items[i]);
            path.RemoveAt(path.Count - 1);
        }
    }

    private void Name(TensorInfo tensor)
    {
        name.Clear();
        foreach (var (key, position) in path)
        {
            if (name.Length > 0) name.Append('.');
            name.Append(key is null ? position.ToString() : Convert.ToString(key));
            if (name.Length > charactersLeft)
                throw Error("names with far more characters than the file has bytes: a bomb");
        }
        // What torch.save(tensor) writes has no name at all.
        if (path.Count == 0) name.Append("tensor");
        charactersLeft -= name.Length;
        var text = name.ToString();
        if (tensor.Name.Length == 0) tensor.Name = text;
        if (!tensors.TryAdd(text, tensor.Name == text ? tensor : tensor.Renamed(text)))
            throw Error($"two tensors are both called {FileText.Quote(text)}");
        if (tensors.Count > maxNames) throw Error("far more names of tensors than the file has bytes: a bomb");
        if (tensor.Bytes > long.MaxValue - bytes) throw Error("the tensors together are larger than an address space");
        bytes += tensor.Bytes;
    }

    private FileFormatException Error(string problem) => file.Error(origin, problem);
}
