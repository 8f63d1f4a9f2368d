using System.Text.Json;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

internal sealed class FileVerbsTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void Make()
    {
        folder = new TemporaryFolder();
        using var scope = Scope.Open();
        var tensors = new Dictionary<string, Tensor>
        {
            ["a.weight"] = Tensor.From([1f, 2, 3, 70000, -0.5f, 0.1f], [2, 3]),
            ["count"] = Tensor.From(7L),
        };
        TensorFile.Save(folder["w.safetensors"], tensors);
        TensorFile.SaveTree(folder["nested.pt"], new TensorTree
        {
            { "epoch", 3L },
            { "optimizer", new TensorTree { { "lr", 0.01 }, { "state", new List<object?> { tensors["count"] } } } },
            { "model_head", new TensorTree { { "a.weight", tensors["a.weight"] } } },
        });
    }

    [TearDown]
    public void Remove() => folder.Dispose();

    [Test]
    public async Task Inspect_shows_format_tensors_and_totals()
    {
        var (code, output, _) = await ApplicationTests.Run("inspect", folder["w.safetensors"]);
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("safetensors").And.Contain("2 tensors, 7 elements, 32 B"));
        Assert.That(output, Does.Match(@"a\.weight\s+Float32\s+\[2, 3\]\s+6"));
    }

    [Test]
    public async Task Inspect_shows_what_a_checkpoint_holds_beside_tensors()
    {
        var (_, output, _) = await ApplicationTests.Run("inspect", folder["nested.pt"]);
        Assert.That(output, Does.Contain("entry epoch: 3"));
        Assert.That(output, Does.Contain("entry optimizer: dictionary of 2 with 1 tensor"));
        Assert.That(output, Does.Contain("model_head.a.weight"));
    }

    [Test]
    public async Task Inspect_writes_json_for_programs()
    {
        var (code, output, _) = await ApplicationTests.Run("inspect", folder["w.safetensors"], "--json");
        Assert.That(code, Is.Zero);
        using var json = JsonDocument.Parse(output);
        Assert.That(json.RootElement.GetProperty("elements").GetInt64(), Is.EqualTo(7));
        var tensors = json.RootElement.GetProperty("tensors").EnumerateArray();
        Assert.That(tensors.Select(t => t.GetProperty("name").GetString()),
            Is.EquivalentTo(new[] { "count", "a.weight" }));
    }

    [Test]
    public async Task Inspect_recognises_a_network()
    {
        var config = new UNetConfig
        {
            ImageSize = 16,
            ModelChannels = 32,
            ChannelMult = [1, 2],
            NumResBlocks = 1,
            AttentionResolutions = [2],
            NumClasses = 7,
        };
        using (var network = new UNet(config))
        {
            network.Initialise(new Generator(1));
            TensorFile.Save(folder["u.safetensors"], network.StateDict());
        }
        var (code, output, _) = await ApplicationTests.Run("inspect", folder["u.safetensors"]);
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("network: diffusion U-Net, 9 blocks"));
        Assert.That(output,
            Does.Contain("32 channels x [1, 2], 1 residual blocks a level, attention at 1/[2] of the size"));
        Assert.That(output, Does.Contain("7 class labels"));
    }

    [Test]
    public async Task A_file_of_another_kind_is_one_sentence()
    {
        File.WriteAllText(folder["x.pt"], "hello");
        var (code, _, error) = await ApplicationTests.Run("inspect", folder["x.pt"]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.StartWith($"diffract: {folder["x.pt"]}: byte 0"));
        (code, _, error) = await ApplicationTests.Run("inspect", folder["absent.pt"]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Is.EqualTo($"diffract: {folder["absent.pt"]}: no such file{Environment.NewLine}"));
    }

    [Test]
    public async Task Convert_there_and_back_keeps_every_bit()
    {
        Assert.That((await ApplicationTests.Run("convert", folder["w.safetensors"], folder["w.pt"])).Code, Is.Zero);
        Assert.That((await ApplicationTests.Run("convert", folder["w.pt"], folder["back.safetensors"])).Code, Is.Zero);
        var before = File.ReadAllBytes(folder["w.safetensors"]);
        Assert.That(File.ReadAllBytes(folder["back.safetensors"]), Is.EqualTo(before));
    }

    [Test]
    public async Task Convert_does_not_overwrite_unless_told_to()
    {
        var target = folder["w.pt"];
        File.WriteAllText(target, "mine");
        var (code, _, error) = await ApplicationTests.Run("convert", folder["w.safetensors"], target);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.Contain("exists already").And.Contain("--force"));
        Assert.That(File.ReadAllText(target), Is.EqualTo("mine"));
        Assert.That((await ApplicationTests.Run("convert", folder["w.safetensors"], target, "--force")).Code, Is.Zero);
    }

    [Test]
    public async Task Convert_changes_types_leaves_integers_and_warns_of_overflow()
    {
        var (code, _, error) = await ApplicationTests.Run(
            "convert", folder["w.safetensors"], folder["half.safetensors"], "--dtype", "float16");
        Assert.That(code, Is.Zero);
        Assert.That(error, Does.Contain("1 values are too large"));
        using var file = TensorFile.Open(folder["half.safetensors"]);
        Assert.That(file["a.weight"].ToArray<Half>()[5], Is.EqualTo((Half)0.1f));
        Assert.That(file["count"].DType, Is.EqualTo(DType.Int64));
    }

    [Test]
    public async Task Convert_of_a_nested_checkpoint_says_what_is_left_out()
    {
        var (code, output, _) = await ApplicationTests.Run("convert", folder["nested.pt"], folder["flat.safetensors"]);
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("left out 2 values that are not tensors: epoch, optimizer.lr"));
        using var file = TensorFile.Open(folder["flat.safetensors"]);
        Assert.That(file.Keys, Is.EqualTo(new[] { "optimizer.state.0", "model_head.a.weight" }));
    }

    [Test]
    public async Task Convert_between_pytorch_files_keeps_everything()
    {
        Assert.That((await ApplicationTests.Run("convert", folder["nested.pt"], folder["copy.pt"])).Code, Is.Zero);
        using var file = TensorFile.Open(folder["copy.pt"]);
        Assert.That(file.Value("epoch"), Is.EqualTo(3L));
        Assert.That(file.Value("optimizer", "lr"), Is.EqualTo(0.01));
    }

    [Test]
    public async Task Convert_takes_one_entry_of_a_checkpoint()
    {
        var (code, _, _) = await ApplicationTests.Run(
            "convert", folder["nested.pt"], folder["head.safetensors"], "--entry", "model_head");
        Assert.That(code, Is.Zero);
        using var file = TensorFile.Open(folder["head.safetensors"]);
        Assert.That(file.Keys, Is.EqualTo(new[] { "a.weight" }));
        var (failed, _, error) = await ApplicationTests.Run(
            "convert", folder["nested.pt"], folder["no.pt"], "--entry", "model_tail");
        Assert.That(failed, Is.EqualTo(1));
        Assert.That(error, Does.Contain("no entry model_tail").And.Contain("model_head"));
    }

    [Test]
    public async Task Convert_writes_down_what_names_and_shapes_do_not_tell()
    {
        var config = new UNetConfig
        {
            ImageSize = 8,
            ModelChannels = 32,
            ChannelMult = [1],
            NumResBlocks = 1,
            AttentionResolutions = [1],
            NumHeads = 4,
            UseNewAttentionOrder = true,
        };
        using (var network = new UNet(config))
        {
            network.Initialise(new Generator(1));
            using var scope = Scope.Open();
            TensorFile.Save(folder["own.pt"], network.StateDict());
        }
        Assert.That(() => NetworkFile.Load(folder["own.pt"]),
            Throws.InstanceOf<DiffractException>().With.Message.Contains("diffract convert --head-channels N"));
        foreach (var target in (string[])["own.safetensors", "copy.pt"])
        {
            var (code, _, error) = await ApplicationTests.Run("convert", folder["own.pt"], folder[target],
                "--num-heads", "4", "--attention-order", "new", "--schedule", "cosine", "--image-size", "8");
            Assert.That(code, Is.Zero, error);
            using var loaded = NetworkFile.Load(folder[target]);
            Assert.That(loaded.Network.Config, Is.EqualTo(config));
            Assert.That(loaded.Recipe, Is.EqualTo(new DiffusionRecipe { Schedule = "cosine" }));
            Assert.That(loaded.Assumed, Is.Empty);
        }
    }

    [TestCase("imagenet64", "cosine")]
    [TestCase("imagenet256-uncond", "linear")]
    [TestCase(null, "linear")]
    public void A_published_network_has_its_own_noise_schedule(string? preset, string schedule) =>
        Assert.That(DiffusionRecipe.Of(UNetPresets.ImageNet64, preset).Schedule, Is.EqualTo(schedule));

    [Test]
    public async Task A_folder_is_not_taken_for_a_file()
    {
        var (code, _, error) = await ApplicationTests.Run("inspect", folder.Path);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.Contain("this is a folder, not a file"));
    }

    [Test]
    public async Task Convert_needs_an_extension_it_knows()
    {
        var (code, _, error) = await ApplicationTests.Run("convert", folder["w.safetensors"], folder["w.bin"]);
        Assert.That(code, Is.EqualTo(2));
        Assert.That(error, Does.Contain(".safetensors, .pt or .pth"));
    }
}
