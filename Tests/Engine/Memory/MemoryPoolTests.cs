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
}
