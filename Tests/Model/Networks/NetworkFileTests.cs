using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Networks from files and back.</summary>
[TestFixture]
internal sealed class NetworkFileTests
{
    private static readonly UNetConfig Tiny = new()
    {
        ImageSize = 16,
        ModelChannels = 32,
        ChannelMult = [1, 1],
        NumResBlocks = 1,
        AttentionResolutions = [2],
        NumHeadChannels = 16,
        UseNewAttentionOrder = true,
        NumClasses = 3,
    };

    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("diffract-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, true);

    [TestCase("adm_tiny/weights.safetensors")]
    [TestCase("adm_tiny/weights.pt")]
    public void A_checkpoint_of_pytorch_is_one_call(string file)
    {
        using var io = new GoldenFixture("adm_tiny/io");
        var options = new NetworkOptions { NumHeadChannels = 16, ImageSize = 32 };
        using var loaded = Networks.Load(Goldens.File(file), options);
        using var scope = Scope.Open();
        Assert.Multiple(() =>
        {
            Assert.That(loaded.Detected.Config, Is.EqualTo(GoldenConfig.UNet(Goldens.Meta("adm_tiny/weights")
                .GetProperty("config"))));
            Assert.That(loaded.Network.Training, Is.False);
            Assert.That(loaded.Network.Parameters().Select(p => p.RequiresGrad), Is.All.False);
            Assert.That(() => loaded.Encoder, Throws.InvalidOperationException);
            io.CheckImages("out", loaded.UNet.Forward(io.Images("x_t"), io["timesteps"]));
        });
    }

    [TestCase("classifier_tiny/weights.pt")]
    public void A_classifier_is_one_call_too(string file)
    {
        using var io = new GoldenFixture("classifier_tiny/io");
        var options = new NetworkOptions { NumHeadChannels = 16, Trainable = true };
        using var loaded = Networks.Load(Goldens.File(file), options);
        using var scope = Scope.Open();
        io.Check("logits", loaded.Encoder.Forward(io.Images("x_t"), io["timesteps"]));
        Assert.That(loaded.Network.Training);
        Assert.That(loaded.Network.Parameters().Select(p => p.RequiresGrad), Is.All.True);
        Assert.That(() => loaded.UNet, Throws.InvalidOperationException);
    }

    [TestCase("network.safetensors")]
    [TestCase("network.pt")]
    public void A_saved_network_needs_no_options(string name)
    {
        using var scope = Scope.Open();
        using var network = new UNet(Tiny);
        network.Initialise(new Generator(3));
        var path = Path.Combine(folder, name);
        Networks.Save(path, network);
        using var loaded = Networks.Load(path);
        Assert.Multiple(() =>
        {
            Assert.That(loaded.Detected.Config, Is.EqualTo(Tiny));
            foreach (var (found, expected) in loaded.Network.Parameters().Zip(network.Parameters()))
                Assert.That(found.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()));
        });
        using var other = Networks.Load(path, new NetworkOptions { NumHeads = 4 });
        Assert.That(other.Detected.Config, Is.EqualTo(Tiny with { NumHeads = 4, NumHeadChannels = null }));
    }

    [Test]
    public void A_file_of_half_floats_becomes_a_float32_network()
    {
        using var scope = Scope.Open();
        using var network = new UNet(Tiny);
        network.Initialise(new Generator(3));
        var path = Path.Combine(folder, "half.safetensors");
        TensorFile.Save(path, network.StateDict().Select(p => KeyValuePair.Create(p.Key, p.Value.To(DType.Float16))));
        using var loaded = Networks.Load(path, new NetworkOptions { Config = Tiny });
        Assert.That(loaded.Network.Parameters().Select(p => p.DType), Is.All.EqualTo(DType.Float32));
        Assert.That(loaded.Network.StateDict()["label_emb.weight"].ToArray<float>(),
            Is.EqualTo(network.StateDict()["label_emb.weight"].ToArray<float>()).Within(0.1).Percent);
    }

    [Test]
    public void Errors_name_the_file()
    {
        using var scope = Scope.Open();
        var strange = Path.Combine(folder, "strange.safetensors");
        TensorFile.Save(strange, [KeyValuePair.Create("conv1.weight", Tensor.Zeros([1]))]);
        Assert.That(() => Networks.Load(strange), Throws.TypeOf<NetworkDetectionException>().With.Message
            .StartsWith($"{strange}: the checkpoint is no diffusion U-Net"));
        var options = new NetworkOptions { Config = Tiny };
        Assert.That(() => Networks.Load(strange, options), Throws.TypeOf<StateDictException>().With.Message
            .StartsWith($"{strange}: the state dict does not fit UNet"));
    }

    [Test]
    public void A_frozen_network_lies_in_its_file_until_it_is_changed()
    {
        using var scope = Scope.Open();
        var path = Path.Combine(folder, "network.safetensors");
        using var network = new UNet(Tiny);
        network.Initialise(new Generator(3));
        Networks.Save(path, network);
        using var loaded = Networks.Load(path);
        Tensor x = Tensor.Randn([1, 16, 16, 3], new Generator(4)), t = Tensor.From(5L), y = Tensor.From(1L);
        Assert.That(loaded.Network.Parameters().Select(p => p.Storage.IsReadOnly), Is.All.True);
        network.RequiresGrad(false);
        var expected = network.Forward(x, t, y).ToArray<float>();
        for (var i = 0; i < 2; i++)
            Assert.That(loaded.UNet.Forward(x, t, y).ToArray<float>(), Is.EqualTo(expected), "packed and read again");

        // Files are replaced, not changed: whoever has the old one keeps it.
        using (var other = new UNet(Tiny))
        {
            other.Initialise(new Generator(5));
            Networks.Save(path, other);
        }
        Assert.That(loaded.UNet.Forward(x, t, y).ToArray<float>(), Is.EqualTo(expected));

        loaded.Network.RequiresGrad(true);
        Assert.That(loaded.Network.Parameters().Select(p => p.Storage.IsReadOnly), Is.All.False);
        foreach (var (found, original) in loaded.Network.Parameters().Zip(network.Parameters()))
            Assert.That(found.ToArray<float>(), Is.EqualTo(original.ToArray<float>()));
        loaded.UNet.Forward(x, t, y).Sum().Backward();
        using var optimiser = new Sgd(loaded.Network.Parameters(), 0.1);
        optimiser.Step();
        Assert.That(loaded.UNet.Forward(x, t, y).ToArray<float>(), Is.Not.EqualTo(expected));
    }

    [Test]
    public void Assigning_to_a_frozen_network_leaves_its_file_alone()
    {
        using var scope = Scope.Open();
        var path = Path.Combine(folder, "network.pt");
        using var network = new UNet(Tiny);
        network.Initialise(new Generator(3));
        Networks.Save(path, network);
        var before = File.ReadAllBytes(path);
        using var loaded = Networks.Load(path);
        using var other = new UNet(Tiny);
        other.Initialise(new Generator(5));
        loaded.Network.LoadStateDict(other.StateDict());
        foreach (var (found, expected) in loaded.Network.Parameters().Zip(other.Parameters()))
            Assert.That(found.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()));
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(before));
    }

    [TestCase(true, 1.2)]
    [TestCase(false, 0.1)]
    public void Loading_holds_the_network_once_and_a_frozen_one_not_at_all(bool trainable, double times)
    {
        using var scope = Scope.Open();
        var path = Path.Combine(folder, "network.safetensors");
        long bytes;
        using (var network = new UNet(Tiny with { ModelChannels = 64 }))
        {
            network.Initialise(new Generator(3));
            bytes = network.ParameterCount * sizeof(float);
            Networks.Save(path, network);
        }
        var before = LiveMemory.Bytes;
        Device.Cpu.ResetPeak();
        using var loaded = Networks.Load(path, new NetworkOptions { Trainable = trainable });
        Assert.That(Device.Cpu.Memory.PeakBytes - before, Is.LessThan(times * bytes));
    }
}
