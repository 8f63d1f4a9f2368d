using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Copies tensors from one file to another, in another format or type. The target appears whole or not at all.
/// </summary>
public static class FileConversion
{
    /// <summary>Copies a file. Between PyTorch files everything is kept; a safetensors file takes the tensors, under
    /// the keys on their way joined by dots, and leaves numbers and texts out.</summary>
    /// <param name="options">What to copy, where to.</param>
    /// <remarks>A target whose network is described is a flat state dict in either format.</remarks>
    /// <exception cref="DiffractException">The target exists, has an unknown extension, or the wanted entry is not in
    /// the source.</exception>
    public static ConversionReport Run(ConversionOptions options)
    {
        if (Unwritable(options.Target) is { } problem) throw new DiffractException(problem);
        if (!options.Overwrite && File.Exists(options.Target))
            throw new DiffractException($"{options.Target} exists already; --force replaces it");
        using var scope = Scope.Open();
        using var source = TensorFile.Open(options.Source);
        var copy = new Copy(source, options.DType);
        var describes = options.Network is not null || options.Schedule is not null;
        if (!describes && IsTorch(options.Target) && source.Format != TensorFileFormat.Safetensors)
        {
            TensorFile.SaveTree(options.Target, copy.Tree(Entry(source, options.Entry)));
            return copy.Report([]);
        }
        var named = Flat(source, options.Entry).Select(t => KeyValuePair.Create(t.Name, copy.Tensor(t.Info))).ToArray();
        TensorFile.Save(options.Target, named,
            describes
                ? NetworkMetadata.Of(source.Metadata, named, options.Network, options.Schedule)
                : source.Metadata);
        var left = new List<string>();
        FindOthers(Entry(source, options.Entry), options.Entry is null ? "" : options.Entry + ".", left);
        return copy.Report(left);
    }

    /// <summary>What is wrong with the name of a target, in words; null when nothing is.</summary>
    internal static string? Unwritable(string target) => TensorFile.CanSave(target)
        ? null
        : $"{target}: the name must end in .safetensors, .pt or .pth, which says the format";

    private static IEnumerable<(string Name, TensorInfo Info)> Flat(TensorFile source, string? entry)
    {
        if (entry is null) return source.Tensors.Select(t => (t.Name, t));
        var prefix = entry + ".";
        var found = source.Tensors.Where(t => t.Name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(t => (t.Name[prefix.Length..], t)).ToArray();
        return found.Length > 0 ? found : throw NoEntry(source, entry);
    }

    private static object? Entry(TensorFile source, string? entry)
    {
        if (entry is null) return source.Root;
        // Names with dots are also those of tensors in a flat file, which has no such entries.
        if (source.Format == TensorFileFormat.Safetensors) return null;
        var node = source.Root;
        foreach (var step in entry.Split('.'))
            node = node is TensorTree tree && tree.FirstOrDefault(e => $"{e.Key}" == step) is { Key: not null } next
                ? next.Value
                : throw NoEntry(source, entry);
        return node;
    }

    private static DiffractException NoEntry(TensorFile source, string entry) => new($"{source.Path} has no entry "
        + $"{PlainText.Line(entry)}; it has {PlainText.Line(string.Join(", ", source.Root is TensorTree root
            ? root.Keys.Take(8)
            : source.Keys.Take(8)))}");

    private static void FindOthers(object? node, string path, List<string> others)
    {
        switch (node)
        {
            case TensorInfo:
                break;
            case TensorTree tree:
                foreach (var (key, value) in tree) FindOthers(value, $"{path}{key}.", others);
                break;
            case IReadOnlyList<object?> list:
                for (var i = 0; i < list.Count; i++) FindOthers(list[i], $"{path}{i}.", others);
                break;
            case not null:
                others.Add(PlainText.Line(path.TrimEnd('.')));
                break;
        }
    }

    private static bool IsTorch(string path) => Path.GetExtension(path).ToLowerInvariant() is ".pt" or ".pth";

    private sealed class Copy(TensorFile source, DType? dtype)
    {
        private int tensors;
        private long bytes;
        private long infinite;

        public Tensor Tensor(TensorInfo info)
        {
            var tensor = source[info.Name];
            if (dtype is { } to && tensor.DType.IsFloating() && tensor.DType != to)
            {
                var converted = tensor.Contiguous().To(to);
                infinite += Infinities(converted) - Infinities(tensor);
                tensor = converted;
            }
            tensors++;
            bytes += tensor.Count * tensor.DType.Size();
            return tensor;
        }

        public object? Tree(object? node) => node switch
        {
            TensorInfo info => Tensor(info),
            TensorTree tree => Rebuilt(tree),
            object?[] tuple => Array.ConvertAll(tuple, Tree),
            IReadOnlyList<object?> list => list.Select(Tree).ToList(),
            _ => node,
        };

        public ConversionReport Report(IReadOnlyList<string> leftOut) => new(tensors, bytes, leftOut, infinite);

        private TensorTree Rebuilt(TensorTree tree)
        {
            var copy = new TensorTree { IsOrdered = tree.IsOrdered, Attributes = tree.Attributes };
            foreach (var (key, value) in tree) copy.Add(key, Tree(value));
            return copy;
        }

        private static long Infinities(Tensor tensor)
        {
            if (tensor.DType == DType.Float16) return tensor.ToArray<Half>().LongCount(Half.IsInfinity);
            if (tensor.DType == DType.BFloat16) return tensor.ToArray<BFloat16>().LongCount(v => float.IsInfinity(v));
            return tensor.DType == DType.Float32
                ? tensor.ToArray<float>().LongCount(float.IsInfinity)
                : tensor.ToArray<double>().LongCount(double.IsInfinity);
        }
    }
}
