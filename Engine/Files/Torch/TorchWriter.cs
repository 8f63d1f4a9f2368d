using System.Text;

namespace Diffract.Engine;

/// <summary>Writes what <c>torch.load</c> reads: a zip archive of a pickle and one contiguous storage a
/// tensor.</summary>
internal static class TorchWriter
{
    /// <summary>The attribute of the outer dictionary that carries a file's metadata; PyTorch keeps it and looks away.
    /// </summary>
    public const string Metadata = "metadata";

    /// <summary>The folder in the archive; PyTorch takes any.</summary>
    private const string Folder = "archive";

    public static void Write(
        Stream stream,
        IReadOnlyList<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string> metadata)
    {
        var root = new TensorTree { IsOrdered = true };
        foreach (var (name, tensor) in tensors) root.Add(name, tensor);
        if (metadata.Count > 0)
        {
            var texts = new TensorTree();
            foreach (var (key, value) in metadata) texts.Add(key, value);
            root.Attributes = new TensorTree { [Metadata] = texts };
        }
        Write(stream, root);
    }

    public static void Write(Stream stream, object? root)
    {
        var pickle = new PickleWriter();
        var zip = new ZipWriter(stream);
        zip.Add($"{Folder}/data.pkl", pickle.Write(root));
        zip.Add($"{Folder}/byteorder", Encoding.ASCII.GetBytes("little"));
        for (var key = 0; key < pickle.Tensors.Count; key++)
        {
            var tensor = pickle.Tensors[key];
            var bytes = tensor.Count * tensor.DType.Size();
            zip.Add($"{Folder}/data/{key}", bytes, sink => TensorBytes.Write(tensor, sink));
        }
        zip.Add($"{Folder}/version", Encoding.ASCII.GetBytes("3\n"));
        zip.Finish();
    }
}
