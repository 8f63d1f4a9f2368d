using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tests.Engine.Cuda;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Forwards of a frozen network that are recorded once and repeated, on a driver that counts what is asked of
/// it.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RecordedRunsTests
{
    private static readonly UNetConfig config = new()
    {
        ImageSize = 2,
        ModelChannels = 32,
        ChannelMult = [1],
        NumResBlocks = 1,
        AttentionResolutions = [],
        NumHeadChannels = 16,
    };

    [Test]
    public void The_third_call_launches_nothing_and_gives_the_same_bits()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        using (var network = Network(gpu))
        {
            var taps = Taps.At(1, 3).AndOutput();
            for (ulong call = 0; call < 3; call++)
            {
                using var scope = Scope.Open();
                var (x, t) = (Tensor.Randn([2, 2, 2, 3], new Generator(call), device: gpu), Times(gpu, 100f + call, 7));
                var expected = network.Run(x, t, taps: taps);
                var before = Calls(driver);
                var found = network.RunRecorded(x, t, taps: taps);
                if (call >= 2)
                    Assert.That(Calls(driver), Is.EqualTo((before.Launches, before.ToDevice, before.ToHost,
                        before.Graphs + 1)));
                foreach (var (block, map) in expected.Blocks)
                    Assert.That(found[block].ToArray<float>(), Is.EqualTo(map.ToArray<float>()), $"call {call}");
                Assert.That(found.Result.ToArray<float>(), Is.EqualTo(expected.Result.ToArray<float>()));
                Assert.That(network.Recordings, Is.EqualTo(call >= 1 ? 1 : 0));
            }
        }
        Assert.That(driver.Held, Is.Empty);
    }

    // Maps of 8 x 8 come with the sums that the norms behind them need.
    [Test]
    public void Sums_that_convolutions_leave_for_norms_are_recorded()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        using (var network = Network(gpu, config with { ImageSize = 8 }))
        {
            using var cast = Autocast.Use(DType.Float16);
            for (ulong call = 0; call < 3; call++)
            {
                using var scope = Scope.Open();
                var (x, t) = (Tensor.Randn([1, 8, 8, 3], new Generator(call), device: gpu), Times(gpu, 100f + call));
                var expected = network.Run(x, t, taps: Taps.At(3));
                Assert.That(ChannelMoments.Of(expected[3]).Exists);
                var found = network.RunRecorded(x, t, taps: Taps.At(3));
                Assert.That(found[3].ToArray<Half>(), Is.EqualTo(expected[3].ToArray<Half>()), $"call {call}");
            }
            Assert.That(network.Recordings, Is.EqualTo(1));
        }
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void Results_are_the_callers_own()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var network = Network(gpu);
        using var scope = Scope.Open();
        var outputs = Enumerable.Range(0, 4).Select(i => Result(network, gpu, (ulong)i)).ToList();
        for (var i = 0; i < 4; i++)
        {
            using var plain = network.Run(Images(gpu, 1, (ulong)i), Times(gpu, 5), taps: Taps.At(2));
            Assert.That(outputs[i].ToArray<float>(), Is.EqualTo(plain[2].ToArray<float>()), $"call {i}");
        }
    }

    [Test]
    public void Changed_parameters_are_noticed()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var network = Network(gpu);
        using var scope = Scope.Open();
        for (var i = 0; i < 3; i++) Result(network, gpu, 1);
        Assert.That(network.Recordings, Is.EqualTo(1));
        var bias = network.State().First(p => p.Name == "input_blocks.0.0.bias").Parameter;
        bias.Assign(Tensor.Ones(bias.Shape, device: gpu));
        var after = Result(network, gpu, 1).ToArray<float>();
        Assert.That(network.Recordings, Is.Zero);
        using var plain = network.Run(Images(gpu, 1, 1), Times(gpu, 5), taps: Taps.At(2));
        Assert.That(after, Is.EqualTo(plain[2].ToArray<float>()));
    }

    [Test]
    public void Four_are_kept_and_their_memory_is_given_back()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        {
            using (var network = Network(gpu))
            {
                var parameters = gpu.Memory;
                for (var batch = 1; batch <= 5; batch++)
                    for (var call = 0; call < 2; call++)
                        using (Scope.Open()) Result(network, gpu, 1, batch);
                Assert.That(network.Recordings, Is.EqualTo(RecordedRuns.Most));
                Assert.That(gpu.Memory.LiveBytes, Is.GreaterThan(parameters.LiveBytes));
                network.ForgetRecordings();
                Assert.That(network.Recordings, Is.Zero);
                Assert.That(gpu.Memory.LiveBytes, Is.EqualTo(parameters.LiveBytes));
                Assert.That(gpu.Memory.LiveBlocks, Is.EqualTo(parameters.LiveBlocks));
            }
            Assert.That(gpu.Memory.LiveBlocks, Is.Zero);
        }
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void Labels_are_checked_though_a_recording_follows_them_blindly()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var network = Network(gpu, config with { NumClasses = 3 });
        using var scope = Scope.Open();
        for (var call = 0; call < 3; call++)
        {
            var found = Labelled(call % 3);
            var (x, labels) = (Images(gpu, 1, 1), Tensor.From((long)(call % 3)).To(gpu));
            var expected = network.Run(x, Times(gpu, 5), labels, Taps.At(1, 2))[2];
            Assert.That(found.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()), $"label {call}");
        }
        Assert.That(network.Recordings, Is.EqualTo(1));
        Assert.That(() => Labelled(3), Throws.TypeOf<ShapeException>().With.Message.Contains("index 3"));
        Assert.That(() => Labelled(-1), Throws.TypeOf<ShapeException>());

        Tensor Labelled(long label) => network.RunRecorded(Images(gpu, 1, 1), Times(gpu, 5),
            Tensor.From(label).To(gpu), Taps.At(1, 2))[2];
    }

    [Test]
    public void Mixed_precision_is_another_recording()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var network = Network(gpu);
        using var scope = Scope.Open();
        float[] Exact() => Result(network, gpu, 1).ToArray<float>();
        float[] Mixed()
        {
            using var cast = Autocast.Use(DType.BFloat16);
            return Result(network, gpu, 1).To(DType.Float32).ToArray<float>();
        }

        var (exact, mixed) = (Exact(), Mixed());
        Assert.That(mixed, Is.Not.EqualTo(exact));
        for (var call = 0; call < 2; call++)
        {
            Assert.That(Exact(), Is.EqualTo(exact));
            Assert.That(Mixed(), Is.EqualTo(mixed));
        }
        Assert.That(network.Recordings, Is.EqualTo(2));
    }

    [Test]
    public void What_must_run_every_time_is_not_recorded()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var network = Network(gpu);
        using var scope = Scope.Open();
        network.RequiresGrad(true);
        for (var i = 0; i < 3; i++) Result(network, gpu, 1);
        network.RequiresGrad(false);
        network.Train();
        for (var i = 0; i < 3; i++) Result(network, gpu, 1);
        network.Eval();
        for (var i = 0; i < 3; i++)
        {
            var x = Images(gpu, 1, 1);
            x.RequiresGrad = true;
            Assert.That(network.RunRecorded(x, Times(gpu, 5), taps: Taps.At(1))[1].RequiresGrad, Is.True);
        }
        Assert.That(network.Recordings, Is.Zero);
        Assert.That(driver.Count("cuStreamBeginCapture_v2"), Is.Zero);
    }

    [Test]
    public void Devices_that_record_nothing_run_as_ever()
    {
        foreach (var device in (Device[])[Device.Cpu, new SimDevice()])
        {
            using var network = Network(device);
            using var scope = Scope.Open();
            for (var i = 0; i < 3; i++)
                Assert.That(Result(network, device, 1).ToArray<float>(), Is.EqualTo(
                    network.Run(Images(device, 1, 1), Times(device, 5), taps: Taps.At(2))[2].ToArray<float>()));
            Assert.That(network.Recordings, Is.Zero);
        }
    }

    [Test]
    public void Backbones_use_recordings_unless_told_otherwise()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var network = Network(gpu);
        var diffusion = new GaussianDiffusion(NoiseSchedule.Linear());
        using var scope = Scope.Open();
        var images = Tensor.Uniform([2, 2, 2, 3], -1, 1, new Generator(1));
        float[] Maps(DiffusionBackbone backbone) => backbone
            .Extract(images, [4, 5], new FeatureSpec([50, 20, 90], [2]), new NoiseSource(3)).All
            .SelectMany(m => m.Map.ToArray<float>()).ToArray();

        var plain = Maps(new DiffusionBackbone(network, diffusion) { UsesRecordings = false });
        Assert.That(network.Recordings, Is.Zero);
        var recorded = Maps(new DiffusionBackbone(network, diffusion));
        Assert.That(network.Recordings, Is.EqualTo(1));
        Assert.That(recorded, Is.EqualTo(plain));
    }

    private static (int Launches, int ToDevice, int ToHost, int Graphs) Calls(MockDriver driver) =>
        (driver.Count("cuLaunchKernel"), driver.Count("cuMemcpyHtoDAsync_v2"), driver.Count("cuMemcpyDtoHAsync_v2"),
            driver.Count("cuGraphLaunch"));

    private static Tensor Result(UNet network, Device device, ulong seed, int batch = 1) => network.RunRecorded(
        Images(device, batch, seed), Times(device, [.. Enumerable.Repeat(5f, batch)]), taps: Taps.At(2))[2];

    private static Tensor Images(Device device, int batch, ulong seed) =>
        Tensor.Randn([batch, 2, 2, 3], new Generator(seed), device: device);

    private static Tensor Times(Device device, params float[] times) => Tensor.From(times, [times.Length], device);

    private static UNet Network(Device device, UNetConfig? of = null)
    {
        var network = new UNet(of ?? config);
        network.To(device);
        network.Initialise(new Generator(8));
        using (var scope = Scope.Open())
            foreach (var (_, parameter) in network.State())
                parameter.Assign(Tensor.Randn(parameter.Shape, new Generator(9)) * 0.1f);
        network.Eval();
        network.RequiresGrad(false);
        return network;
    }
}
