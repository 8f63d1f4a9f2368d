using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests.Engine;

internal sealed class CancellationTests
{
    [Test]
    public void Tasks_that_have_not_begun_are_not_run([Values(1, 2, 4)] int threads)
    {
        using var device = new CpuDevice(threads);
        using var source = new CancellationTokenSource();
        var runs = 0;
        void Loop()
        {
            using var stop = Cancellation.Use(source.Token);
            device.For(10_000, i =>
            {
                Interlocked.Increment(ref runs);
                if (i == 3) source.Cancel();
            });
        }
        Assert.That(Loop, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(runs, Is.InRange(4, 9_999));
        runs = 0;
        device.For(10, _ => Interlocked.Increment(ref runs));
        Assert.That(runs, Is.EqualTo(10), "outside of the section nothing is stopped");
    }

    [Test]
    public void A_network_that_was_stopped_leaves_nothing_behind_and_runs_again()
    {
        using var device = new CpuDevice(2);
        using var network = new UNet(new UNetConfig
        {
            ImageSize = 32,
            ModelChannels = 32,
            ChannelMult = [1, 2],
            NumResBlocks = 1,
            AttentionResolutions = [2],
            NumHeadChannels = 16,
        });
        network.Initialise(new Generator(1));
        network.RequiresGrad(false);
        network.To(device);
        using var no = GradMode.No();
        using var x = Tensor.Randn([2, 32, 32, 3], new Generator(2)).To(device);
        using var t = Tensor.Full([2], 10f).To(device);
        var before = Run();
        var live = device.Memory.LiveBytes;
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(30));
        Assert.That(() =>
        {
            using var stop = Cancellation.Use(source.Token);
            while (true) Run();
        }, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(device.Memory.LiveBytes, Is.EqualTo(live));
        Assert.That(Run(), Is.EqualTo(before));

        float[] Run()
        {
            using var scope = Scope.Open();
            return network.Forward(x, t).ToArray<float>();
        }
    }
}
