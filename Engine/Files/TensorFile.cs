using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Diffract.Engine;

/// <summary>An open file of tensors: safetensors, or what <c>torch.save</c> wrote. The file is mapped into memory, so
/// opening costs a few milliseconds whatever its size, a tensor is read when it is used, and nothing is copied.
/// <code>
/// using var file = TensorFile.Open("model.pt");
/// foreach (var info in file.Tensors) Console.WriteLine(info);
/// var weight = file["out.2.weight"];                  // the file's: gone with it
/// </code></summary>
/// <remarks>Tensors are read-only views on the file and belong to it; <see cref="Take"/> gives one that does not. The
/// machine must be little-endian, as the formats are. Reading a PyTorch file executes nothing of it.</remarks>
public sealed partial class TensorFile : IReadOnlyDictionary<string, Tensor>, IDisposable
{
    private readonly FileBytes file;
    private readonly FileContent content;
    private readonly Lock gate = new();
    private readonly Dictionary<string, Tensor> made = [];
    private bool disposed;

    private TensorFile(FileBytes file, FileContent content) => (this.file, this.content) = (file, content);

    /// <summary>Opens a file, whose kind its content tells and not its name.</summary>
    /// <exception cref="FileFormatException">The file is truncated, corrupt, hostile or of another kind.</exception>
    public static TensorFile Open(string path) => Open(FileBytes.Map(path));

    internal static TensorFile Open(FileBytes file)
    {
        try
        {
            return new TensorFile(file, FileKinds.Read(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A file of nothing but numbers, row-major, as a tensor: a read-only view that keeps the file mapped.
    /// </summary>
    /// <exception cref="FileFormatException">The file is not as long as the shape needs.</exception>
    public static Tensor MapRaw(string path, DType dtype, Shape shape)
    {
        using var raw = FileBytes.Map(path);
        var bytes = checked(shape.Count * dtype.Size());
        if (raw.Length != bytes)
            throw raw.Error(Math.Min(raw.Length, bytes), $"{shape} of {dtype} needs {bytes} bytes, "
                + $"the file has {raw.Length}");
        return new Tensor(raw.Storage(0, bytes), dtype, shape);
    }

    /// <summary>The file as the caller named it.</summary>
    public string Path => file.Path;

    /// <summary>The file's kind.</summary>
    public TensorFileFormat Format => content.Format;

    /// <summary>Bytes in the file.</summary>
    public long Length => file.Length;

    /// <summary>What the file holds, in its order, without reading any of it.</summary>
    public IReadOnlyList<TensorInfo> Tensors => content.Tensors.Values;

    /// <summary>Elements of all tensors together.</summary>
    public long TotalElements => content.Tensors.Values.Sum(tensor => tensor.Count);

    /// <summary>Bytes of all tensors together, each counted as if it were alone.</summary>
    public long TotalBytes => content.Tensors.Values.Sum(tensor => tensor.Bytes);

    /// <summary>Text that goes with the tensors, as <see cref="Save"/> was given it.</summary>
    public IReadOnlyDictionary<string, string> Metadata => content.Metadata;

    /// <summary>Number of tensors.</summary>
    public int Count => content.Tensors.Count;

    /// <summary>Names of the tensors, in the file's order.</summary>
    public IEnumerable<string> Keys => content.Tensors.Keys;

    /// <summary>The tensors, in the file's order.</summary>
    public IEnumerable<Tensor> Values => Keys.Select(name => this[name]);

    /// <summary>A tensor, as a read-only view that lives as long as the file is open.</summary>
    /// <exception cref="KeyNotFoundException">The file has no such tensor.</exception>
    /// <exception cref="FileFormatException">It is of bools, and has bytes that are neither 0 nor 1.</exception>
    public Tensor this[string key]
    {
        get
        {
            var info = Info(key);
            lock (gate)
            {
                ObjectDisposedException.ThrowIf(disposed, this);
                if (!made.TryGetValue(key, out var tensor) || tensor.IsDisposed)
                    made[key] = tensor = Scope.Detach(Make(info));
                return tensor;
            }
        }
    }

    /// <summary>What the file says of one tensor.</summary>
    /// <exception cref="KeyNotFoundException">The file has no such tensor.</exception>
    public TensorInfo Info(string name) => content.Tensors.TryGetValue(name, out var info)
        ? info
        : throw new KeyNotFoundException($"{Path} has no tensor {FileText.Quote(name)}");

    /// <summary>A tensor that outlives the file, to be disposed like one that was calculated. It is still a read-only
    /// view of the file's bytes, which stay mapped as long as it lives.</summary>
    /// <inheritdoc cref="this[string]" path="/exception"/>
    public Tensor Take(string name)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return Make(Info(name));
        }
    }

    /// <summary>True when the file has such a tensor.</summary>
    public bool ContainsKey(string key) => content.Tensors.ContainsKey(key);

    /// <summary>Finds a tensor by name.</summary>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Tensor value)
    {
        value = ContainsKey(key) ? this[key] : null;
        return value is not null;
    }

    /// <summary>The tensors in order, each mapped when it is reached.</summary>
    public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() =>
        Keys.Select(name => KeyValuePair.Create(name, this[name])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Releases the tensors that were read from the file, and the file.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed) return;
            disposed = true;
            foreach (var tensor in made.Values) tensor.Dispose();
            made.Clear();
        }
        file.Dispose();
    }

    private Tensor Make(TensorInfo info)
    {
        if (info.DType == DType.Bool) CheckBools(info);
        return new Tensor(file.Storage(info.At, info.Span), info.DType, info.Shape, 0, info.Strides);
    }

    // A bool of another value than 0 and 1 is neither true nor false to compiled code.
    private void CheckBools(TensorInfo info)
    {
        for (long at = 0; at < info.Span; at += 1 << 30)
        {
            var bytes = file.Slice(info.At + at, Math.Min(1 << 30, info.Span - at), "a tensor");
            if (bytes.IndexOfAnyExceptInRange((byte)0, (byte)1) is >= 0 and var bad)
                throw file.Error(info.At + at + bad, $"the tensor {FileText.Quote(info.Name)} of bools has the value "
                    + $"{bytes[bad]}");
        }
    }
}
