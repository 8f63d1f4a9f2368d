using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Diffract.Engine;

/// <summary>Reads what <c>torch.save</c> wrote before PyTorch 1.6: five pickles one after the other (a magic number,
/// the protocol, facts about the machine, the object, the keys of its storages), then for each key the number of
/// elements and the elements.</summary>
internal static class TorchLegacyReader
{
    private const long Protocol = 1001;
    private const byte PickleStart = PickleCode.Proto;

    private static readonly BigInteger magic =
        BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>True when a file starts as a pickle does.</summary>
    public static bool Recognises(FileBytes file) => file.Slice(0, 1, "the first byte")[0] == PickleStart;

    public static FileContent Read(FileBytes file)
    {
        long at = 0;
        if (Next(file, ref at, null, out _) is not BigInteger number || number != magic)
            throw file.Error(0, "a pickle, but not of torch.save: it does not begin with PyTorch's magic number");
        var protocolAt = at;
        if (Next(file, ref at, null, out _) is not long protocol || protocol != Protocol)
            throw file.Error(protocolAt, $"only protocol {Protocol} of the old container is known");
        var machineAt = at;
        if (Next(file, ref at, null, out _) is not TensorTree machine
            || !machine.TryGetValue("little_endian", out var little) || little is not true)
            throw file.Error(machineAt, "the file is not said to be little-endian");

        var storages = new Storages();
        var rootAt = at;
        var root = Next(file, ref at, storages, out var rootBytes);
        var keysAt = at;
        if (Next(file, ref at, null, out _) is not List<object?> keys)
            throw file.Error(keysAt, "the keys of the storages are not a list");
        Place(file, keys, keysAt, at, storages);
        var tensors = TorchTree.Tensors(file, rootAt, rootBytes, ref root);
        return new FileContent(TensorFileFormat.TorchLegacy, tensors, TorchTree.Metadata(root), root);
    }

    private static object? Next(FileBytes file, ref long at, TorchStorageMap? storages, out int consumed)
    {
        var value = Unpickler.Read(file, at, Math.Min(file.Length - at, int.MaxValue), storages, out consumed);
        at += consumed;
        return value;
    }

    private static void Place(FileBytes file, List<object?> keys, long keysAt, long at, Storages storages)
    {
        if (keys.Count != storages.Known.Count)
            throw file.Error(keysAt, $"{keys.Count} storages are listed, {storages.Known.Count} are used");
        foreach (var item in keys)
        {
            if (item is not string key || !storages.Known.TryGetValue(key, out var storage))
                throw file.Error(keysAt, "a storage is listed that nothing uses");
            if (storage.Section.At >= 0) throw file.Error(keysAt, $"the storage {FileText.Quote(key)} is listed twice");
            var count = BinaryPrimitives.ReadInt64LittleEndian(file.Slice(at, sizeof(long), "the length of a storage"));
            if (count != storage.Count)
                throw file.Error(at, $"the storage {FileText.Quote(key)} has {count} elements, not {storage.Count}");
            at += sizeof(long);
            if (storage.Section.Bytes > file.Length - at)
                throw file.Error(file.Length, $"the storage {FileText.Quote(key)} needs {storage.Section.Bytes} bytes, "
                    + $"{file.Length - at} are left: the file is truncated");
            storage.Section.At = at;
            at += storage.Section.Bytes;
        }
        if (at != file.Length) throw file.Error(at, $"{file.Length - at} bytes after the last storage belong to none");
    }

    private sealed class Storages : TorchStorageMap
    {
        protected override FileSection? Locate(string key, long bytes, out string problem)
        {
            problem = "";
            return new FileSection(-1, bytes);
        }
    }
}
