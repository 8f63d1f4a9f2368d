using System.Collections.ObjectModel;

namespace Diffract.Engine;

/// <content>Writing.</content>
public sealed partial class TensorFile
{
    /// <summary>Writes tensors to a file, in the format that its extension names: <c>.safetensors</c>, or <c>.pt</c>,
    /// <c>.pth</c> for what <c>torch.load</c> reads. An existing file is replaced as a whole, see
    /// <see cref="AtomicFile"/>; tensors may be views on that very file (except on Windows, where a mapped file cannot
    /// be replaced).</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Names and tensors, of any strides and on any device; each is written in full, also when
    /// several share memory.</param>
    /// <param name="metadata">Text to go with them.</param>
    /// <exception cref="ArgumentException">An unknown extension, or a name that appears twice or cannot be written.
    /// </exception>
    public static void Save(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var named = new OrderedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, tensor) in tensors)
        {
            FileText.ToUtf8(name);
            tensor.ThrowIfDisposed();
            if (!named.TryAdd(name, tensor))
                throw new ArgumentException($"two tensors are called {FileText.Quote(name)}");
        }
        var texts = metadata ?? ReadOnlyDictionary<string, string>.Empty;
        foreach (var (key, value) in texts) _ = (FileText.ToUtf8(key), FileText.ToUtf8(value));
        if (IsTorch(path)) Write(path, stream => TorchWriter.Write(stream, [.. named], texts));
        else Write(path, stream => SafetensorsWriter.Write(stream, [.. named], texts));
    }

    /// <summary>The longest header, with all names and metadata, that <see cref="Save"/> can write to a path, in bytes;
    /// null where there is no limit.</summary>
    public static long? MaxHeaderBytes(string path) => IsTorch(path) ? null : SafetensorsReader.MaxHeader;

    /// <summary>How long a header <see cref="Save"/> would write to a safetensors file.</summary>
    /// <param name="tensors">What is to be written.</param>
    /// <param name="metadata">Text to go with them.</param>
    public static long HeaderBytes(IEnumerable<(string Name, DType DType, Shape Shape)> tensors,
        IReadOnlyDictionary<string, string> metadata) => SafetensorsWriter.HeaderBytes(tensors, metadata);

    /// <summary>Writes a tree of dictionaries, lists, numbers, texts and tensors as <c>torch.load</c> gives it back: a
    /// training checkpoint, say.</summary>
    /// <param name="path">The file, <c>.pt</c> or <c>.pth</c>.</param>
    /// <param name="root">What <see cref="TensorTree"/> describes.</param>
    /// <exception cref="ArgumentException">Another extension, or something that files cannot hold.</exception>
    public static void SaveTree(string path, object? root)
    {
        if (!IsTorch(path)) throw new ArgumentException($"{path}: a tree is written to .pt or .pth files only");
        Write(path, stream => TorchWriter.Write(stream, root));
    }

    /// <summary>Whether a path's extension is one that files of tensors are written with.</summary>
    public static bool CanSave(string path) => HasExtension(path, ".safetensors", ".pt", ".pth");

    private static bool IsTorch(string path) => HasExtension(path, ".pt", ".pth")
        || (CanSave(path) ? false : throw new ArgumentException($"{path}: files of tensors end in .safetensors, .pt or "
            + $".pth, not \"{System.IO.Path.GetExtension(path)}\""));

    private static bool HasExtension(string path, params ReadOnlySpan<string> extensions) =>
        extensions.Contains(System.IO.Path.GetExtension(path).ToLowerInvariant());

    private static void Write(string path, Action<FileStream> write)
    {
        FileKinds.CheckMachine();
        AtomicFile.Write(path, write);
    }
}
