using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Engine.Cuda;

/// <summary>Recorded kernels, which are queued again as one.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class CudaRecordingTests
{
    [Test]
    public void Repeats_the_kernels_on_new_input()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        {
            using var x = Tensor.From(new float[] { 1, 2, 3 }, [3], gpu);
            Tensor? y = null;
            Run();
            y!.Dispose();
            using (var recording = gpu.Record(Run)!)
            {
                var launches = driver.Count("cuLaunchKernel");
                Assert.That(driver.Launches, Is.LessThan(launches), "a recording runs nothing");
                foreach (var start in new[] { 1f, 10f, -4f })
                {
                    x.CopyFrom<float>([start, start + 1, start + 2]);
                    recording.Replay();
                    Assert.That(y.ToArray<float>(), Is.EqualTo(new[] { 2 * start + 1, 2 * start + 3, 2 * start + 5 }));
                }
                Assert.That(driver.Count("cuLaunchKernel"), Is.EqualTo(launches));
                Assert.That(driver.Count("cuGraphLaunch"), Is.EqualTo(3));
            }
            y.Dispose();

            void Run()
            {
                using var scope = Scope.Open();
                y = Scope.Detach(x * 2 + 1);
            }
        }
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void Memory_of_a_recording_is_nobody_elses()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        {
            using var x = Tensor.From(new float[] { 1, 2, 3 }, [3], gpu);
            Tensor? y = null;
            using var recording = gpu.Record(() =>
            {
                using var scope = Scope.Open();
                // The sum's memory is free after the recording, and written by every replay.
                y = Scope.Detach((x + 1).Silu());
            })!;
            var held = gpu.Memory.LiveBytes;
            using var others = Tensor.From(new float[] { 7, 8, 9 }, [3], gpu);
            recording.Replay();
            Assert.That(others.ToArray<float>(), Is.EqualTo(new float[] { 7, 8, 9 }));
            Assert.That(gpu.Memory.LiveBytes, Is.GreaterThan(held));
            y!.Dispose();
        }
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void What_waits_cannot_be_recorded()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        {
            using var x = Tensor.From(new float[] { 1, 2, 3 }, [3], gpu);
            var e = Assert.Throws<InvalidOperationException>(() => gpu.Record(() => x.ToArray<float>()));
            Assert.That(e.Message, Is.EqualTo("a copy to the host cannot be part of a recording"));
            Assert.Throws<InvalidOperationException>(() => gpu.Record(() => x.CopyFrom<float>([1, 2, 3])));
            Assert.Throws<InvalidOperationException>(() => gpu.Record(gpu.Synchronize));
            Assert.Throws<InvalidOperationException>(() => gpu.Record(() => gpu.Record(() => { })));
            // The device goes on.
            Assert.That(x.ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 3 }));
        }
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void A_recording_that_is_over_does_not_run()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        var recording = gpu.Record(() => { })!;
        recording.Dispose();
        recording.Dispose();
        Assert.Throws<ObjectDisposedException>(recording.Replay);
    }

    [Test]
    public void Other_devices_record_nothing()
    {
        Assert.That(Device.Cpu.Record(() => Assert.Fail()), Is.Null);
        Assert.That(new SimDevice().Record(() => Assert.Fail()), Is.Null);
    }
}
