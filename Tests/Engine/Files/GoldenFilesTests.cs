using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests;

public sealed class GoldenFilesTests
{
    [TestCase("io/zip_plain.pt", "io/base.safetensors", TensorFileFormat.TorchZip)]
    [TestCase("io/zip_shared_storage.pt", "io/base.safetensors", TensorFileFormat.TorchZip)]
    [TestCase("io/zip_strided.pt", "io/base.safetensors", TensorFileFormat.TorchZip)]
    [TestCase("io/legacy_plain.pt", "io/base.safetensors", TensorFileFormat.TorchLegacy)]
    [TestCase("io/legacy_shared_storage.pt", "io/base.safetensors", TensorFileFormat.TorchLegacy)]
    [TestCase("io/module_zip.pt", "io/module.safetensors", TensorFileFormat.TorchZip)]
    [TestCase("io/module_legacy.pt", "io/module.safetensors", TensorFileFormat.TorchLegacy)]
    [TestCase("io/params_zip.pt", "io/module.safetensors", TensorFileFormat.TorchZip)]
    [TestCase("io/zip_cuda_tag.pt", "io/module.safetensors", TensorFileFormat.TorchZip)]
    [TestCase("io/legacy_cuda_tag.pt", "io/module.safetensors", TensorFileFormat.TorchLegacy)]
    [TestCase("io/mixed_zip.pt", "io/mixed.safetensors", TensorFileFormat.TorchZip)]
    public void A_checkpoint_reads_as_its_reference(string name, string reference, TensorFileFormat format)
    {
        using var expected = TensorFile.Open(Goldens.File(reference));
        using var file = TensorFile.Open(Goldens.File(name));
        Assert.That(file.Format, Is.EqualTo(format));
        FileCases.AssertSame(file, expected);
        file.Verify();
    }

    [Test]
    public void Every_dtype_has_its_values()
    {
        using var file = TensorFile.Open(Goldens.File("io/mixed_zip.pt"));
        using var plain = TensorFile.Open(Goldens.File("io/mixed.safetensors"));
        Assert.That(file["f16"].ToArray<Half>(), Is.EqualTo(plain["f16"].ToArray<Half>()));
        Assert.That(file["bf16"].ToArray<BFloat16>(), Is.EqualTo(plain["bf16"].ToArray<BFloat16>()));
        Assert.That(file["f64"].ToArray<double>(), Is.EqualTo(plain["f64"].ToArray<double>()));
        Assert.That(file["i64"].ToArray<long>(), Is.EqualTo(plain["i64"].ToArray<long>()));
        Assert.That(file["i32"].ToArray<int>(), Is.EqualTo(plain["i32"].ToArray<int>()));
        Assert.That(file["u8"].ToArray<byte>(), Is.EqualTo(plain["u8"].ToArray<byte>()));
        Assert.That(file["b"].ToArray<bool>(), Is.EqualTo(plain["b"].ToArray<bool>()));
    }

    [Test]
    public void Strides_stay_a_view()
    {
        using var file = TensorFile.Open(Goldens.File("io/zip_strided.pt"));
        using var plain = TensorFile.Open(Goldens.File("io/base.safetensors"));
        Assert.That(file["b.weight"].IsContiguous, Is.False);
        Assert.That(file["b.weight"].Strides, Is.EqualTo(new long[] { 1, 6 }));
        Assert.That(file["b.weight"].ToArray<float>(), Is.EqualTo(plain["b.weight"].ToArray<float>()));
    }

    [Test]
    public void A_training_checkpoint_is_a_tree()
    {
        using var file = TensorFile.Open(Goldens.File("io/train_ckpt.pt"));
        using var head = TensorFile.Open(Goldens.File("io/train_ckpt_head.safetensors"));
        FileCases.AssertSame(file.Under("model_head"), head);
        Assert.That(file.Value("epoch"), Is.EqualTo(1L));
        Assert.That(file.Value("optimizer", "param_groups", 0, "lr"), Is.EqualTo(0.01));
        Assert.That(file.Value("optimizer", "param_groups", 0, "nesterov"), Is.False);
        Assert.That(file.Value("optimizer", "state", 0, "momentum_buffer"), Is.Null);
        Assert.That(file.Value("scheduler", "base_lrs"), Is.EqualTo(new List<object?> { 0.01 }));
        Assert.That(((TensorTree)file.Root!).Keys,
            Is.EqualTo(new[] { "optimizer", "scheduler", "epoch", "model_head" }));
        Assert.That(() => file.Value("scheduler", "no such"), Throws.InstanceOf<KeyNotFoundException>());
    }

    [Test]
    public void An_optimiser_state_is_keyed_by_numbers()
    {
        using var file = TensorFile.Open(Goldens.File("io/adamw_opt.pt"));
        using var plain = TensorFile.Open(Goldens.File("io/adamw_opt.safetensors"));
        foreach (var parameter in new[] { 0, 1 })
        {
            foreach (var part in new[] { "exp_avg", "exp_avg_sq", "step" })
            {
                var expected = plain[$"state{parameter}.{part}"].ToArray<float>();
                Assert.That(file[$"state.{parameter}.{part}"].ToArray<float>(), Is.EqualTo(expected));
                var info = (TensorInfo)file.Value("state", parameter, part)!;
                Assert.That(file[info.Name].ToArray<float>(), Is.EqualTo(expected));
            }
        }
        Assert.That(file.Value("param_groups", 0, "betas", 1), Is.EqualTo(0.999));
    }

    [Test]
    public void A_modules_versions_are_attributes_of_its_state()
    {
        using var file = TensorFile.Open(Goldens.File("io/module_zip.pt"));
        var root = (TensorTree)file.Root!;
        var versions = (TensorTree)root.Attributes!["_metadata"]!;
        Assert.That(((TensorTree)versions["1"]!)["version"], Is.EqualTo(2L));
        Assert.That(file.Metadata, Is.Empty);
    }

    [Test]
    public void What_a_file_holds_is_told_without_reading_it()
    {
        using var file = TensorFile.Open(Goldens.File("io/base.safetensors"));
        Assert.That(file.Format, Is.EqualTo(TensorFileFormat.Safetensors));
        Assert.That(file.Metadata["format"], Is.EqualTo("pt"));
        Assert.That(file.Tensors.Select(info => info.ToString()).Take(2),
            Is.EqualTo(new[] { "a.weight Float32 [4, 3, 3, 3]", "a.bias Float32 [4]" }));
        Assert.That(file.Tensors.Sum(info => info.Bytes),
            Is.EqualTo(file.TotalBytes).And.EqualTo(4 * file.TotalElements));
        Assert.That(file.TotalElements, Is.EqualTo(108 + 4 + 24 + 1));
        Assert.That(file.Length, Is.EqualTo(new FileInfo(file.Path).Length));
    }
}
