namespace Diffract.Engine;

/// <summary>Reads the zip archive that <c>torch.save</c> writes since PyTorch 1.6: <c>folder/data.pkl</c> describes the
/// object, <c>folder/data/KEY</c> holds a storage.</summary>
internal static class TorchReader
{
    private const string Pickle = "/data.pkl";

    public static FileContent Read(FileBytes file)
    {
        var entries = ZipReader.Read(file);
        var folder = FindFolder(file, entries);
        if (entries.ContainsKey($"{folder}/constants.pkl"))
            throw file.Error(0, "a TorchScript archive (torch.jit.save): a program; save the state_dict instead");
        foreach (var (name, entry) in entries)
        {
            if (entry.Method != 0)
                throw file.Error(entry.At, $"the entry {FileText.Quote(name)} is compressed (method {entry.Method}); "
                    + "torch.save stores entries as they are, and only such archives are read");
        }
        if (entries.TryGetValue($"{folder}/byteorder", out var order)
            && !file.Slice(order.At, order.Bytes, "the byte order").SequenceEqual("little"u8))
            throw file.Error(order.At, "the archive is not little-endian");

        var pickle = entries[folder + Pickle];
        var storages = new Storages(folder, entries);
        var root = Unpickler.Read(file, pickle.At, pickle.Bytes, storages, out var consumed);
        if (consumed != pickle.Bytes) throw file.Error(pickle.At + consumed, "the pickle ends before its entry does");
        var tensors = TorchTree.Tensors(file, pickle.At, consumed, ref root);
        return new FileContent(TensorFileFormat.TorchZip, tensors, TorchTree.Metadata(root), root,
            () => Verify(file, entries));
    }

    private static string FindFolder(FileBytes file, OrderedDictionary<string, ZipEntry> entries)
    {
        string? found = null;
        foreach (var name in entries.Keys)
        {
            var folderLength = name.Length - Pickle.Length;
            if (!name.EndsWith(Pickle, StringComparison.Ordinal) || name.IndexOf('/') != folderLength) continue;
            if (found is not null) throw file.Error(0, "an archive with more than one data.pkl");
            found = name[..folderLength];
        }
        return found ?? throw file.Error(0, "a zip archive, but not of torch.save: it has no data.pkl");
    }

    private static void Verify(FileBytes file, OrderedDictionary<string, ZipEntry> entries)
    {
        const int piece = 1 << 24;
        foreach (var (name, entry) in entries)
        {
            var checksum = new Crc32();
            for (long at = 0; at < entry.Bytes; at += piece)
                checksum.Add(file.Slice(entry.At + at, Math.Min(piece, entry.Bytes - at), "an entry"));
            if (checksum.Value != entry.Checksum)
                throw file.Error(entry.At, $"the entry {FileText.Quote(name)} has the checksum {checksum.Value:x8}, "
                    + $"not {entry.Checksum:x8}: its content was damaged");
        }
    }

    private sealed class Storages(string folder, OrderedDictionary<string, ZipEntry> entries) : TorchStorageMap
    {
        protected override FileSection? Locate(string key, long bytes, out string problem)
        {
            problem = entries.TryGetValue($"{folder}/data/{key}", out var entry)
                ? $"the storage {FileText.Quote(key)} is said to have {bytes} bytes, and has {entry.Bytes}"
                : $"the storage {FileText.Quote(key)} is not in the archive";
            return entry.Bytes == bytes && entry.At > 0 ? new FileSection(entry.At, bytes) : null;
        }
    }
}
