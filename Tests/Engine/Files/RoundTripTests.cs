using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests;

public sealed class RoundTripTests
{
    private static readonly Dictionary<string, string> metadata =
        new() { ["epoch"] = "12", ["who \"?\""] = "\u00fc\n" };

    [TearDown]
    public void Remove() => FileCases.RemoveTemporary();

    [TestCase("all.safetensors", TensorFileFormat.Safetensors)]
    [TestCase("all.pt", TensorFileFormat.TorchZip)]
    [TestCase("all.PTH", TensorFileFormat.TorchZip)]
    public void What_is_saved_is_read(string name, TensorFileFormat format)
    {
        using var scope = Scope.Open();
        var tensors = FileCases.EveryDType();
        var path = FileCases.TemporaryPath(name);
        TensorFile.Save(path, tensors, metadata);
        using var file = TensorFile.Open(path);
        Assert.That(file.Format, Is.EqualTo(format));
        Assert.That(file.Metadata, Is.EqualTo(metadata));
        FileCases.AssertSame(file, tensors);
        file.Verify();
    }

    [TestCase("io/base.safetensors")]
    [TestCase("io/module.safetensors")]
    [TestCase("io/mixed.safetensors")]
    [TestCase("io/zip_shared_storage.pt")]
    [TestCase("io/zip_strided.pt")]
    [TestCase("io/legacy_shared_storage.pt")]
    [TestCase("io/adamw_opt.pt")]
    public void One_format_into_the_other_and_back_changes_nothing(string fixture)
    {
        using var original = TensorFile.Open(Goldens.File(fixture));
        var (first, second, third) = (FileCases.TemporaryPath("1.pt"), FileCases.TemporaryPath("2.safetensors"),
            FileCases.TemporaryPath("3.pt"));
        TensorFile.Save(first, original, original.Metadata);
        using var torch = TensorFile.Open(first);
        TensorFile.Save(second, torch, torch.Metadata);
        using var plain = TensorFile.Open(second);
        TensorFile.Save(third, original.Keys.Select(name => KeyValuePair.Create(name, plain[name])), plain.Metadata);
        FileCases.AssertSame(torch, original);
        FileCases.AssertSame(plain, original);
        Assert.That(torch.Keys, Is.EqualTo(original.Keys));
        Assert.That(plain.Metadata, Is.EqualTo(original.Metadata));
        Assert.That(File.ReadAllBytes(third), Is.EqualTo(File.ReadAllBytes(first)));
    }

    [Test]
    public void Safetensors_headers_are_padded_and_tensors_aligned()
    {
        using var scope = Scope.Open();
        for (var extra = 0; extra < 8; extra++)
        {
            var path = FileCases.TemporaryPath("aligned.safetensors");
            var tensors = FileCases.EveryDType();
            tensors.Add(new string('x', extra + 1), Tensor.From(1L));
            TensorFile.Save(path, tensors);
            using var file = TensorFile.Open(path);
            foreach (var info in file.Tensors) Assert.That(info.At % info.DType.Size(), Is.Zero, info.Name);
            Assert.That(BitConverter.ToInt64(File.ReadAllBytes(path)) % 8, Is.Zero);
            Assert.That(file.Tensors.Select(info => info.DType.Size()), Is.Ordered.Descending);
        }
    }

    [Test]
    public void Torch_storages_begin_at_multiples_of_64()
    {
        using var scope = Scope.Open();
        var path = FileCases.TemporaryPath("aligned.pt");
        TensorFile.Save(path, FileCases.EveryDType());
        using var file = TensorFile.Open(path);
        foreach (var info in file.Tensors) Assert.That(info.At % 64, Is.Zero, info.Name);
    }

    [TestCase("views.pt")]
    [TestCase("views.safetensors")]
    public void Views_are_written_row_major(string name)
    {
        using var scope = Scope.Open();
        var values = Enumerable.Range(0, 600_000).Select(i => (float)i).ToArray();
        var whole = Tensor.From(values, [600_000]);
        var path = FileCases.TemporaryPath(name);
        TensorFile.Save(path, new Dictionary<string, Tensor>
        {
            ["transposed"] = whole.Window([600, 1000], 0, [1, 600]),
            ["strided"] = whole.Window([3, 2], 5, [100, 7]),
            ["broadcast"] = whole.Window([2, 4], 9, [0, 0]),
            ["bytes"] = Tensor.From<byte>(1, 2, 3, 4).Window([2, 2], 0, [1, 2]),
            ["halves"] = Tensor.From((Half)1, (Half)2, (Half)3, (Half)4).Window([2, 2], 0, [1, 2]),
            ["longs"] = Tensor.From(1L, 2L, 3L, 4L).Window([2, 2], 0, [1, 2]),
        });
        using var file = TensorFile.Open(path);
        Assert.That(file["transposed"].ToArray<float>().AsSpan().SequenceEqual(
            [.. Enumerable.Range(0, values.Length).Select(i => values[i % 1000 * 600 + i / 1000])]), Is.True);
        Assert.That(file["strided"].ToArray<float>(), Is.EqualTo(new float[] { 5, 12, 105, 112, 205, 212 }));
        Assert.That(file["broadcast"].ToArray<float>(), Is.EqualTo(Enumerable.Repeat(9f, 8)));
        Assert.That(file["bytes"].ToArray<byte>(), Is.EqualTo(new byte[] { 1, 3, 2, 4 }));
        Assert.That(file["halves"].ToArray<Half>(), Is.EqualTo(new[] { (Half)1, (Half)3, (Half)2, (Half)4 }));
        Assert.That(file["longs"].ToArray<long>(), Is.EqualTo(new long[] { 1, 3, 2, 4 }));
    }

    [TestCase("same.pt")]
    [TestCase("same.safetensors")]
    public void A_file_can_be_written_over_itself(string name)
    {
        using var scope = Scope.Open();
        var path = FileCases.TemporaryPath(name);
        TensorFile.Save(path, FileCases.EveryDType());
        using (var file = TensorFile.Open(path)) TensorFile.Save(path, file, metadata);
        using var again = TensorFile.Open(path);
        FileCases.AssertSame(again, FileCases.EveryDType());
        Assert.That(again.Metadata, Is.EqualTo(metadata));
    }

    [Test]
    public void A_tree_is_written_and_read()
    {
        using var scope = Scope.Open();
        var path = FileCases.TemporaryPath("tree.pt");
        var weight = Tensor.From([1f, 2f, 3f, 4f], [2, 2]);
        TensorFile.SaveTree(path, new TensorTree
        {
            { "epoch", 70_000_000_000 },
            { "wide", new List<object?> { BigInteger.Pow(2, 70), -BigInteger.Pow(3, 1000) } },
            { "raw", new List<object?> { new byte[] { 0, 255 }, new byte[300] } },
            { "numbers", new List<object?> { -1, 255, 256, 0.1, true, null, "text" } },
            { "pair", new object?[] { 0.9, 0.999 } },
            { 3, new TensorTree { { "nothing", Array.Empty<object?>() }, { "none", new List<object?>() } } },
            { "model", new TensorTree { IsOrdered = true, Attributes = new TensorTree { { "_metadata", null } } } },
            { "weights", new TensorTree { { "a", weight }, { "tied", weight } } },
        });
        using var file = TensorFile.Open(path);
        Assert.That(file.Value("epoch"), Is.EqualTo(70_000_000_000));
        Assert.That(file.Value("wide"), Is.EqualTo(new[] { BigInteger.Pow(2, 70), -BigInteger.Pow(3, 1000) }));
        Assert.That(file.Value("raw"), Is.EqualTo(new[] { new byte[] { 0, 255 }, new byte[300] }));
        Assert.That(file.Value("numbers"), Is.EqualTo(new List<object?> { -1L, 255L, 256L, 0.1, true, null, "text" }));
        Assert.That(file.Value("pair"), Is.InstanceOf<object?[]>().And.EqualTo(new object?[] { 0.9, 0.999 }));
        Assert.That(file.Value(3, "nothing"), Is.Empty);
        Assert.That(((TensorTree)file.Value("model")!).IsOrdered, Is.True);
        Assert.That(((TensorTree)file.Value("model")!).Attributes!.ContainsKey("_metadata"), Is.True);
        Assert.That(file["weights.a"].ToArray<float>(), Is.EqualTo(weight.ToArray<float>()));
        Assert.That(file.Info("weights.tied").At, Is.EqualTo(file.Info("weights.a").At), "one tensor is written once");
    }

    [Test]
    public void A_lone_tensor_has_a_name()
    {
        using var scope = Scope.Open();
        var path = FileCases.TemporaryPath("lone.pt");
        TensorFile.SaveTree(path, Tensor.From(5f));
        using var file = TensorFile.Open(path);
        Assert.That(file["tensor"].Item<float>(), Is.EqualTo(5f));
    }

    [Test]
    public void What_cannot_be_written_is_refused_before_the_file_is_touched()
    {
        using var scope = Scope.Open();
        var path = FileCases.TemporaryPath("old.safetensors");
        TensorFile.Save(path, FileCases.EveryDType());
        var before = File.ReadAllBytes(path);
        KeyValuePair<string, Tensor> one = new("a", Tensor.From(1f)), half = new("\ud800", Tensor.From(1f));
        Assert.Multiple(() =>
        {
            Assert.That(() => TensorFile.Save(path, [one, one]), Refused("\"a\""));
            Assert.That(() => TensorFile.Save(path, [half]), Refused("surrogate"));
            Assert.That(() => TensorFile.Save(path, [new("__metadata__", one.Value)]), Throws.ArgumentException);
            Assert.That(() => TensorFile.Save(path + ".bin", [one]), Refused(".bin"));
            Assert.That(() => TensorFile.SaveTree(path, 1), Throws.ArgumentException);
            Assert.That(() => TensorFile.SaveTree(path + ".pt", new Version()), Throws.ArgumentException);
        });
        var loop = new List<object?>();
        loop.Add(loop);
        Assert.That(() => TensorFile.SaveTree(path + ".pt", loop), Refused("itself"));
        var gone = Tensor.From(1f);
        gone.Dispose();
        Assert.That(() => TensorFile.Save(path, [new("gone", gone)]), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(before));
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(path)!), Has.Length.EqualTo(1));
    }

    private static NUnit.Framework.Constraints.IResolveConstraint Refused(string problem) =>
        Throws.ArgumentException.With.Message.Contains(problem);

    [Test]
    public void A_file_owns_its_tensors_and_a_taken_one_outlives_it()
    {
        var path = FileCases.TemporaryPath("owner.safetensors");
        using (Scope.Open()) TensorFile.Save(path, FileCases.EveryDType());
        Tensor owned, taken;
        using (var file = TensorFile.Open(path))
        {
            using (Scope.Open()) owned = file["f64"];
            Assert.That(owned.IsDisposed, Is.False, "a scope does not end what the file owns");
            Assert.That(file["f64"], Is.SameAs(owned));
            taken = file.Take("i32");
        }
        Assert.That(owned.IsDisposed, Is.True);
        Assert.That(taken.ToArray<int>(), Is.EqualTo(new[] { int.MinValue, -1, 7 }));
        Assert.That(taken.Storage.IsReadOnly, Is.True);
        Assert.That(() => taken.CopyFrom<int>([1, 2, 3]), Throws.InvalidOperationException);
        taken.Dispose();
    }

    [Test]
    public void What_is_forgotten_is_unmapped()
    {
        if (!OperatingSystem.IsLinux()) Assert.Ignore("what is mapped is told by /proc");
        var path = FileCases.TemporaryPath("forgotten.safetensors");
        using (Scope.Open()) TensorFile.Save(path, FileCases.EveryDType());
        bool IsMapped() => File.ReadAllText("/proc/self/maps").Contains(path);
        for (var i = 0; i < 20; i++) Forget(path);
        Assert.That(IsMapped(), Is.True);
        for (var i = 0; i < 10 && IsMapped(); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.That(IsMapped(), Is.False);
        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(string path)
        {
            var file = TensorFile.Open(path);
            foreach (var tensor in file.Values) Assert.That(tensor.IsDisposed, Is.False);
            Scope.Detach(file.Take("f64"));
        }
    }

    [Test]
    public void Damage_to_a_zip_archive_is_found_by_its_checksums()
    {
        using var scope = Scope.Open();
        var path = FileCases.TemporaryPath("damaged.pt");
        TensorFile.Save(path, FileCases.EveryDType());
        var bytes = File.ReadAllBytes(path);
        using (var file = TensorFile.Open(path)) bytes[file.Info("f64").At + 3] ^= 4;
        using var damaged = FileCases.Open(bytes);
        Assert.That(damaged.Verify, Throws.InstanceOf<FileFormatException>().With.Message.Contains("checksum"));
    }

    [Test]
    public void The_checksum_is_that_of_zip()
    {
        // The check value of CRC-32/ISO-HDLC in every catalogue of checksums.
        Assert.That(Crc32.Of("123456789"u8), Is.EqualTo(0xCBF43926));
        Assert.That(Crc32.Of([]), Is.Zero);
        var text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("0123456789abcdef", 5)));
        for (var cut = 0; cut < text.Length; cut++)
        {
            var parts = new Crc32();
            parts.Add(text.AsSpan(0, cut));
            parts.Add(text.AsSpan(cut));
            Assert.That(parts.Value, Is.EqualTo(Crc32.Of(text)));
        }
    }
}
