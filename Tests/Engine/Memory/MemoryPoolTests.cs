using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Engine.Memory;

/// <summary>The CPU device's memory as its figures show it.</summary>
internal sealed class MemoryPoolTests
{
    [TestCase(1)]
    [TestCase(1000)]
    [TestCase(1 << 20)]
    [TestCase((1 << 20) + 1)]
    [TestCase(100 << 20)]
    public void What_is_returned_is_kept_and_used_again(int bytes)
    {
        using var device = new CpuDevice(1);
        var first = Tensor.Empty([bytes], DType.UInt8, device);
        Assert.That(device.Memory.LiveBytes, Is.InRange(bytes, bytes * 9 / 8 + (1 << 16)));
        first.Dispose();
        Assert.That((device.Memory.LiveBytes, device.Memory.LiveBlocks), Is.EqualTo((0L, 0L)));
        var kept = device.Memory.CachedBytes;
        Assert.That(kept, Is.GreaterThanOrEqualTo(bytes));
        Tensor.Empty([bytes], DType.UInt8, device).Dispose();
        Assert.That(device.Memory.CachedBytes, Is.EqualTo(kept));
        device.Trim();
        Assert.That(device.Memory.CachedBytes, Is.Zero);
    }

    [Test]
    public void Memory_of_many_tensors_serves_one_that_is_larger()
    {
        using var device = new CpuDevice(1);
        const int Part = 40 << 20;
        for (var round = 0; round < 3; round++)
        {
            var parts = Enumerable.Range(0, 4).Select(_ => Tensor.Empty([Part], DType.UInt8, device)).ToArray();
            foreach (var part in parts) part.Dispose();
            Tensor.Empty([4 * Part], DType.UInt8, device).Dispose();
            Assert.That(device.Memory.CachedBytes, Is.LessThanOrEqualTo(4 * Part + (8 << 20)), $"round {round}");
        }
    }

    [Test]
    public void The_peak_of_a_loop_is_what_its_threads_can_hold_at_once([Values(1, 2, 3)] int threads)
    {
        using var device = new CpuDevice(threads);
        using var outside = Tensor.Empty([1 << 16], DType.UInt8, device);
        void Take(int bytes) => Tensor.Empty([bytes], DType.UInt8, device).Dispose();
        for (var round = 0; round < 20; round++)
        {
            device.ResetPeak();
            device.For(16, i =>
            {
                Thread.Sleep((i * 7 + round) % 3);
                Take(512);
                Take(i == 5 ? 4096 : 1024);
            });
            Assert.That(device.Memory.PeakBytes, Is.EqualTo((1 << 16) + threads * 4096), "one loop");

            device.ResetPeak();
            device.For(2, i =>
            {
                using var held = Tensor.Empty([1024], DType.UInt8, device);
                device.For(8, _ => Take(512));
            });
            var inner = 1024 + threads * 512;
            Assert.That(device.Memory.PeakBytes, Is.EqualTo((1 << 16) + Math.Min(threads, 2) * inner), "a loop in one");
            Assert.That(device.Memory.LiveBytes, Is.EqualTo(1 << 16));
        }
    }

    [Test]
    public void A_loop_that_ends_with_an_error_leaves_the_count_as_it_was()
    {
        using var device = new CpuDevice(2);
        Assert.That(() => device.For(4, i =>
        {
            using var held = Tensor.Empty([1024], DType.UInt8, device);
            throw new InvalidOperationException();
        }), Throws.InvalidOperationException);
        device.ResetPeak();
        Tensor.Empty([4096], DType.UInt8, device).Dispose();
        Assert.That((device.Memory.LiveBytes, device.Memory.PeakBytes), Is.EqualTo((0L, 4096L)));
    }
}
