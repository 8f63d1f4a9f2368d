using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tests.Kernels.Gpu;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Norms of a U-Net on a GPU find the sums that they need beside the maps.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class UNetMomentsTests
{
    private static readonly UNetConfig config = new()
    {
        ImageSize = 16,
        ModelChannels = 32,
        ChannelMult = [1, 2],
        NumResBlocks = 1,
        AttentionResolutions = [2],
        NumHeadChannels = 32,
    };

    [Test]
    public void No_norm_makes_a_pass_of_its_own([Values] bool resblockUpdown, [Values] bool trains)
    {
        var launches = Launches(config with { ResblockUpdown = resblockUpdown }, DType.Float16, trains);
        Assert.That(launches.Count(l => l == "GroupNorm.GroupStatistics"), Is.GreaterThan(15));
        Assert.That(Passes(launches), Is.Zero);
    }

    // Between a block's first convolution and its second norm something is added.
    [Test]
    public void Norms_of_what_was_changed_make_one()
    {
        var launches = Launches(config with { UseScaleShiftNorm = false }, DType.Float16, false);
        var blocks = UNetPlan.For(config).Blocks.Sum(b => b.Layers.OfType<ResPlan>().Count());
        Assert.That(Passes(launches), Is.EqualTo(blocks));
    }

    [Test]
    public void Without_tensor_cores_all_do()
    {
        var launches = Launches(config, null, false);
        Assert.That(Passes(launches),
            Is.EqualTo(launches.Count(l => l == "GroupNorm.GroupStatistics")));
        Assert.That(launches, Has.None.EqualTo("MmaStrips.Total"));
    }

    [Test]
    public void Results_differ_by_rounding_alone([Values(80, 90)] int architecture)
    {
        var (with, without) = (Output(architecture, true, false), Output(architecture, false, false));
        double Length(IEnumerable<double> values) => Math.Sqrt(values.Sum(v => v * v));
        Assert.That(Length(with.Zip(without, (a, b) => a - b)) / Length(without), Is.LessThan(1e-3));
    }

    [Test]
    public void Blocks_that_keep_nothing_give_the_same_bits()
    {
        const int Count = 8 * 8 * 6;
        Assert.That(Output(80, true, true).Take(Count), Is.EqualTo(Output(80, true, false).Take(Count)));
    }

    // One channel a thread, or eight.
    private static int Passes(IReadOnlyList<string> launches) =>
        launches.Count(l => l.StartsWith("GpuChannels.Moments", StringComparison.Ordinal));

    private static IReadOnlyList<string> Launches(UNetConfig config, DType? cast, bool trains)
    {
        var device = new CountingDevice();
        using var scope = Scope.Open();
        using var network = Network(config, device);
        using var section = Autocast.Use(cast);
        if (!trains) foreach (var (_, parameter) in network.State()) parameter.RequiresGrad = false;
        var x = Tensor.Zeros([2, config.ImageSize, config.ImageSize, 3], device: device);
        var y = network.Forward(x, Tensor.Zeros([2], device: device));
        if (trains) (y * y).Sum().Backward();
        return device.Launches;
    }

    // The output, and the gradient of the images.
    private static double[] Output(int architecture, bool feedsNorms, bool recomputes)
    {
        var device = new SimDevice(architecture);
        using var scope = Scope.Open();
        using var network = Network(config with { ImageSize = 8 }, device);
        network.RecomputeBlocks = recomputes;
        foreach (var conv in network.NamedModules().Select(m => m.Module).OfType<Conv2d>())
            conv.FeedsNorm &= feedsNorms;
        var x = Tensor.Randn([1, 8, 8, 3], new Generator(1)).To(device);
        x.RequiresGrad = true;
        using var section = Autocast.Use(DType.Float16);
        var y = network.Forward(x, Tensor.From(500L).To(device));
        (y * y).Sum().Backward();
        return [.. Values(y), .. Values(x.Grad!)];

        static double[] Values(Tensor tensor) => tensor.To(Device.Cpu).To(DType.Float64).ToArray<double>();
    }

    private static UNet Network(UNetConfig config, Device device)
    {
        var network = new UNet(config);
        network.Initialise(new Generator(8));
        foreach (var (_, parameter) in network.State())
            using (Scope.Open())
                parameter.Assign(parameter.Value + Tensor.Randn(parameter.Shape, new Generator(9)) * 0.05f);
        network.To(device);
        return network;
    }
}
