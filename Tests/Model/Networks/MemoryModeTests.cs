using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests.Model;

internal sealed class MemoryModeTests
{
    private static readonly UNetConfig config = new()
    {
        ImageSize = 16,
        InChannels = 3,
        ModelChannels = 32,
        OutChannels = 6,
        NumResBlocks = 1,
        AttentionResolutions = [2],
        ChannelMult = [1, 2],
        NumHeadChannels = 16,
    };

    private string path = "";

    [SetUp]
    public void Save()
    {
        path = Path.Combine(Path.GetTempPath(), $"diffract-{Guid.NewGuid():n}.safetensors");
        using var network = new UNet(config);
        network.Initialise(new Generator(3));
        using (GradMode.No())
        using (Scope.Open())
            // Zero where the architecture says so: then nothing would be compared.
            foreach (var tensor in network.Parameters())
                tensor.Assign(tensor + 0.02 * Tensor.Randn(tensor.Shape, new Generator(4)));
        Networks.Save(path, network);
    }

    [TearDown]
    public void Delete() => File.Delete(path);

    [Test]
    public void Modes_agree_and_lean_keeps_its_weights_in_16_bits()
    {
        var balanced = Run(MemoryMode.Balanced, out var whole);
        Assert.That(Run(MemoryMode.Fast, out _), Is.EqualTo(balanced).Within(2e-5));
        var lean = Run(MemoryMode.Lean, out var halved);
        Assert.That(lean, Is.EqualTo(balanced).Within(5e-3).And.Not.EqualTo(balanced).Within(1e-6));
        Assert.That(halved, Is.LessThan(0.53 * whole));
    }

    [Test]
    public void Lean_rounds_weights_and_nothing_else()
    {
        using var network = Open(MemoryMode.Lean);
        foreach (var (name, parameter) in network.NamedParameters())
        {
            var isWeight = name.EndsWith(".weight", StringComparison.Ordinal) && parameter.Rank > 1;
            Assert.That(parameter.DType, Is.EqualTo(isWeight ? DType.Float16 : DType.Float32), name);
        }
    }

    [Test]
    public void A_mode_leaves_layers_that_are_direct_as_they_are()
    {
        using var network = new UNet(config);
        var convs = network.NamedModules().Select(m => m.Module).OfType<Diffract.Model.Conv2d>().ToList();
        convs[0].Method = ConvMethod.Direct;
        network.UseMemory(MemoryMode.Fast);
        Assert.That(convs[0].Method, Is.EqualTo(ConvMethod.Direct));
        Assert.That(convs.Skip(1).Select(c => c.Method), Is.All.EqualTo(ConvMethod.Fast));
    }

    [Test]
    public void What_is_trained_cannot_be_lean()
    {
        using var network = new UNet(config);
        Assert.That(() => network.UseMemory(MemoryMode.Lean),
            Throws.InvalidOperationException.With.Message.Contains("'time_embed.0.weight' is being trained"));
    }

    private float[] Run(MemoryMode mode, out long weights)
    {
        using var network = Open(mode);
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var x = Tensor.Randn([2, 16, 16, 3], new Generator(1));
        weights = network.Parameters().Sum(p => p.Count * p.DType.Size());
        return network.Forward(x, Tensor.Full([2], 10f)).ToArray<float>();
    }

    private UNet Open(MemoryMode mode) =>
        (UNet)Networks.Load(path, new NetworkOptions { Memory = mode }).Network;
}
