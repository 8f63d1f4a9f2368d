namespace Diffract.Engine;

/// <summary>A storage that a pickle refers to: elements somewhere in the file, on which tensors are views.</summary>
/// <param name="Section">The bytes of the storage it is a part of, nearly always all of it.</param>
/// <param name="Offset">Its first byte in the section.</param>
/// <param name="DType">Type of the elements.</param>
/// <param name="Count">Number of elements.</param>
internal sealed record TorchStorage(FileSection Section, long Offset, DType DType, long Count);

/// <summary>The storages of a file by their keys.</summary>
internal abstract class TorchStorageMap
{
    private readonly OrderedDictionary<string, TorchStorage> known = new(StringComparer.Ordinal);

    /// <summary>The storages that the pickle referred to, in the order of their first mention.</summary>
    public IReadOnlyDictionary<string, TorchStorage> Known => known;

    /// <summary>The storage under a key; a problem to report when it is not as the pickle says.</summary>
    public TorchStorage? Find(string key, DType dtype, long count, out string problem)
    {
        problem = "";
        if (count < 0 || count > long.MaxValue / dtype.Size())
        {
            problem = $"the storage {FileText.Quote(key)} is said to have {count} elements";
            return null;
        }
        if (!known.TryGetValue(key, out var storage))
        {
            if (Locate(key, count * dtype.Size(), out problem) is not { } section) return null;
            known.Add(key, storage = new TorchStorage(section, 0, dtype, count));
        }
        if (storage.DType == dtype && storage.Count == count) return storage;
        problem = $"the storage {FileText.Quote(key)} is of {storage.Count} {storage.DType} and of {count} {dtype}";
        return null;
    }

    /// <summary>The bytes under a key, or a problem.</summary>
    protected abstract FileSection? Locate(string key, long bytes, out string problem);
}
