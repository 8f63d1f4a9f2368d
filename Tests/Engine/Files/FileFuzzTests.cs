using System.Buffers.Binary;
using System.Diagnostics;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Files with random damage: each is read, or refused with the one error there is for that; none crashes,
/// hangs or makes the program allocate much more than the file has bytes.</summary>
public sealed class FileFuzzTests
{
    private const int Mutations = 20_000;

    private static readonly ulong[] interesting =
        [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1UL << 40, long.MaxValue,
            1UL << 63, ulong.MaxValue];

    [TestCase(Mutations)]
    [TestCase(1_000_000, Explicit = true, Category = "long")]
    public void Safetensors(int mutations) => Fuzz(1, mutations, ReadFile, [.. Fixtures("base.safetensors",
        "mixed.safetensors", "module.safetensors", "adamw_opt.safetensors")]);

    [TestCase(Mutations)]
    [TestCase(1_000_000, Explicit = true, Category = "long")]
    public void Zip_archives(int mutations) => Fuzz(2, mutations, ReadFile, [.. Fixtures("zip_plain.pt", "mixed_zip.pt",
        "module_zip.pt", "params_zip.pt", "zip_strided.pt", "train_ckpt.pt", "adamw_opt.pt"), OwnArchive()]);

    [TestCase(Mutations)]
    [TestCase(1_000_000, Explicit = true, Category = "long")]
    public void Legacy_files(int mutations) => Fuzz(3, mutations, ReadFile, [.. Fixtures("legacy_plain.pt",
        "legacy_shared_storage.pt", "module_legacy.pt", "legacy_cuda_tag.pt")]);

    [TestCase(Mutations)]
    [TestCase(1_000_000, Explicit = true, Category = "long")]
    public void Pickles_alone(int mutations)
    {
        string[] names =
            ["zip_plain.pt", "mixed_zip.pt", "module_zip.pt", "params_zip.pt", "train_ckpt.pt", "adamw_opt.pt"];
        Fuzz(4, mutations, ReadPickle, [.. names.Select(PickleOf), Pickles.EveryInstruction()]);
    }

    private static void Fuzz(int format, int mutations, Action<byte[]> read, byte[][] seeds)
    {
        foreach (var seed in seeds) read(seed);
        var refused = 0;
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < mutations; i++)
        {
            var random = new Random(format * 10_000_000 + i);
            var file = Mutate(random, seeds);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(file);
            }
            catch (FileFormatException e)
            {
                refused++;
                if (e.Offset < 0 || e.Offset > file.Length || e.Message.Length > 600)
                    Assert.Fail($"mutation {i}: {e.Message}");
            }
            catch (Exception e)
            {
                Assert.Fail($"mutation {i}: {e}");
            }
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated > 100_000 + 64 * file.Length)
                Assert.Fail($"mutation {i}: {allocated} bytes for {file.Length}");
        }
        TestContext.Out.WriteLine($"{refused} of {mutations} refused in {clock.Elapsed.TotalSeconds:0.0} s");
        Assert.That(refused, Is.InRange(mutations / 4, mutations - mutations / 100), "the damage is too light or hard");
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromMinutes(1.0 * mutations / Mutations)));
    }

    private static void ReadFile(byte[] content)
    {
        using var file = FileCases.Open(content);
        foreach (var info in file.Tensors) Touch(file[info.Name]);
        _ = file.Root;
        file.Verify();
    }

    // The ends of a tensor; the middle lies between them.
    private static unsafe void Touch(Tensor tensor)
    {
        if (tensor.Count == 0) return;
        var start = tensor.StridedView.As<byte>();
        var bytes = tensor.Storage.Bytes;
        _ = Volatile.Read(ref start[0]);
        _ = Volatile.Read(ref start[bytes - 1]);
    }

    private static void ReadPickle(byte[] content)
    {
        using var bytes = FileBytes.Copy("case", content);
        var root = Unpickler.Read(bytes, 0, content.Length, new AnyStorage(), out var consumed);
        TorchTree.Tensors(bytes, 0, consumed, ref root);
        TorchTree.Metadata(root);
    }

    private static byte[] Mutate(Random random, byte[][] seeds)
    {
        var file = new List<byte>(seeds[random.Next(seeds.Length)]);
        for (var changes = 1 + random.Next(random.Next(1, 6)); changes > 0 && file.Count > 0; changes--)
        {
            var at = random.Next(file.Count);
            var length = Math.Min(file.Count - at, 1 + random.Next(1 << random.Next(1, 9)));
            switch (random.Next(11))
            {
                case 0: file[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: file[at] = (byte)random.Next(256); break;
                case 2: file[at] = (byte)interesting[random.Next(interesting.Length)]; break;
                case 3: Overwrite(file, at, interesting[random.Next(interesting.Length)], 2 << random.Next(3)); break;
                case 4: ChangeDigit(file, at, random); break;
                case 5: file.RemoveRange(at, length); break;
                case 6: file.InsertRange(at, file.GetRange(at, length)); break;
                case 7: file.InsertRange(at, Splice(random, seeds, length)); break;
                case 8: Overwrite(file, at, Splice(random, seeds, length)); break;
                case 9: file.Insert(at, (byte)random.Next(256)); break;
                default: if (random.Next(3) == 0) file.RemoveRange(at, file.Count - at); break;
            }
        }
        return [.. file];
    }

    private static void Overwrite(List<byte> file, int at, ulong value, int length)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Overwrite(file, at, bytes[..length]);
    }

    private static void Overwrite(List<byte> file, int at, byte[] bytes)
    {
        for (var i = 0; i < bytes.Length && at + i < file.Count; i++) file[at + i] = bytes[i];
    }

    // The numbers in a JSON header: lengths, offsets.
    private static void ChangeDigit(List<byte> file, int at, Random random)
    {
        while (at < file.Count && !char.IsAsciiDigit((char)file[at])) at++;
        if (at < file.Count) file[at] = (byte)('0' + random.Next(10));
    }

    private static byte[] Splice(Random random, byte[][] seeds, int length)
    {
        var other = seeds[random.Next(seeds.Length)];
        var at = random.Next(other.Length);
        return other[at..Math.Min(other.Length, at + length)];
    }

    private static IEnumerable<byte[]> Fixtures(params string[] names) =>
        names.Select(name => File.ReadAllBytes(Goldens.File($"io/{name}")));

    private static byte[] PickleOf(string name)
    {
        using var bytes = FileBytes.Map(Goldens.File($"io/{name}"));
        var entry = ZipReader.Read(bytes)
            .First(entry => entry.Key.EndsWith("data.pkl", StringComparison.Ordinal)).Value;
        return bytes.Slice(entry.At, entry.Bytes, "a pickle").ToArray();
    }

    private static byte[] OwnArchive()
    {
        using var scope = Scope.Open();
        using var stream = new MemoryStream();
        TorchWriter.Write(stream, [.. FileCases.EveryDType()], new Dictionary<string, string> { ["k"] = "v" });
        return stream.ToArray();
    }

    /// <summary>Storages wherever a pickle wants them.</summary>
    private sealed class AnyStorage : TorchStorageMap
    {
        protected override FileSection? Locate(string key, long bytes, out string problem)
        {
            problem = "";
            return new FileSection(0, bytes);
        }
    }
}
