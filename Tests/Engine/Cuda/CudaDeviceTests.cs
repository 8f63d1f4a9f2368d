using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Engine.Cuda;

/// <summary>The GPU's device on a driver that runs kernels in the interpreter, and only when somebody waits.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class CudaDeviceTests
{
    [Test]
    public void Calculates_what_the_cpu_does()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        using (Scope.Open())
        {
            var values = Enumerable.Range(0, 1000).Select(i => i / 100f - 5).ToArray();
            var x = Tensor.From(values, [10, 100]);
            var expected = (x.Silu() + x).Softmax(1).ToArray<float>();
            var onGpu = x.To(gpu);
            var found = (onGpu.Silu() + onGpu).Softmax(1).ToArray<float>();
            Assert.That(found, Is.EqualTo(expected).Within(1e-6));
            Assert.That(gpu.Name, Is.EqualTo("cuda:0"));
            Assert.That(gpu.Model, Is.EqualTo("Mock GPU"));
            Assert.That(gpu.Architecture, Is.EqualTo(80));
            Assert.That(gpu.Memory.LiveBlocks, Is.GreaterThan(0));
        }
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void Copies_go_through_two_page_locked_pieces_in_order()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        {
            // Five pieces and a rest: each piece of host memory is used again while its last copy may be queued.
            var values = Enumerable.Range(0, (5 * (4 << 20) + 1000) / sizeof(int)).ToArray();
            using var x = Tensor.From(values, [values.Length], gpu);
            Array.Clear(values, 0, 10);
            var back = x.ToArray<int>();
            Assert.That(back.AsSpan().SequenceEqual(Enumerable.Range(0, back.Length).ToArray()), Is.True);
        }
        Assert.That(driver.Count("cuMemHostAlloc"), Is.EqualTo(2));
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void Small_blocks_share_a_piece_of_memory_and_begin_at_multiples_of_256()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        {
            var tensors = Enumerable.Range(1, 100).Select(i => Tensor.Empty([i], DType.Float32, gpu)).ToList();
            Assert.That(driver.Count("cuMemAlloc_v2"), Is.EqualTo(1));
            foreach (var t in tensors) Assert.That((long)t.View.Address % 256, Is.Zero);
            Assert.That(tensors.Select(t => t.View.Address).Distinct().Count(), Is.EqualTo(100));
            foreach (var t in tensors) t.Dispose();
            Assert.That(gpu.Memory.LiveBytes, Is.Zero);
            gpu.Trim();
            Assert.That(gpu.Memory.CachedBytes, Is.Zero);
        }
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void Memory_that_is_given_back_serves_again_without_a_wait()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var x = Tensor.From(new float[1000], [1000], gpu);
        for (var i = 0; i < 20; i++) using (var y = x.Silu()) { }
        Assert.That(driver.Count("cuMemAlloc_v2"), Is.EqualTo(1));
        Assert.That(driver.Count("cuStreamSynchronize"), Is.Zero);
        Assert.That(driver.Launches, Is.Zero, "nothing runs before somebody waits");
        gpu.Synchronize();
        Assert.That(driver.Launches, Is.EqualTo(20));
    }

    [Test]
    public void Too_much_memory_is_asked_for()
    {
        using var driver = new MockDriver { TotalMemory = 100 << 20 };
        using var gpu = driver.Open();
        using var x = Tensor.Empty([60 << 20], DType.UInt8, gpu);
        var e = Assert.Throws<OutOfDeviceMemoryException>(() => Tensor.Empty([60 << 20], DType.UInt8, gpu));
        Assert.That(e.Message, Does.StartWith("cuda:0: 60 MiB more cannot be had; 60 MiB are in use")
            .And.Contains("The GPU has 40 of 100 MiB left").And.Contains("smaller batch"));
        using var small = Tensor.Empty([30 << 20], DType.UInt8, gpu);
    }

    [Test]
    public void Cached_memory_is_given_back_before_there_is_too_little()
    {
        using var driver = new MockDriver { TotalMemory = 100 << 20 };
        using var gpu = driver.Open();
        Tensor.Empty([60 << 20], DType.UInt8, gpu).Dispose();
        Assert.That(gpu.Memory.CachedBytes, Is.GreaterThanOrEqualTo(60 << 20));
        using var other = Tensor.Empty([90 << 20], DType.UInt8, gpu);
    }

    [Test]
    public void A_kernel_that_fails_loses_the_device()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        using (Scope.Open())
        {
            // Nothing has written what is read.
            var y = Tensor.Empty([100], DType.Float32, gpu).Silu();
            var e = Assert.Throws<DeviceException>(() => y.ToArray<float>());
            Assert.That(e.Message, Does.StartWith("cuda:0 is lost to this process: a kernel failed")
                .And.Contains("Kernel_").And.Contains("719"));
            Assert.That(driver.Report, Does.Contain("nothing has written"));
            var calls = driver.Calls.Values.Sum();
            Assert.Throws<DeviceException>(() => y.ToArray<float>());
            Assert.Throws<DeviceException>(gpu.Synchronize);
            Assert.That(driver.Calls.Values.Sum(), Is.EqualTo(calls), "the driver is not asked again");
        }
    }

    [Test]
    public void Blocking_names_the_kernel_at_once()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open(new CudaOptions { CacheFolder = null, Blocking = true });
        using var scope = Scope.Open();
        var x = Tensor.Empty([100], DType.Float32, gpu);
        Assert.That(() => x.Silu(), Throws.TypeOf<DeviceException>());
    }

    [Test]
    public void Threads_share_a_device()
    {
        using var driver = new MockDriver();
        using (var gpu = driver.Open())
        {
            Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
            {
                using var scope = Scope.Open();
                var x = Tensor.From(Enumerable.Range(0, 300).Select(j => (float)(i + j)).ToArray(), [300]).To(gpu);
                for (var k = 0; k < 5; k++) x = x + 1;
                Assert.That(x.ToArray<float>(), Is.EqualTo(Enumerable.Range(0, 300).Select(j => i + j + 5f)));
            });
            Assert.That(gpu.Memory.LiveBlocks, Is.Zero);
        }
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public void Time_is_the_devices()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var x = Tensor.From(new float[10], [10], gpu);
        // The mock's clock counts kernels.
        Assert.That(gpu.Time(() => { for (var i = 0; i < 3; i++) x.Silu().Dispose(); }), Is.EqualTo(3));
    }

    [Test]
    public void Use_after_the_end_is_an_error()
    {
        using var driver = new MockDriver();
        var gpu = driver.Open();
        gpu.Dispose();
        gpu.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Tensor.Empty([1], DType.Float32, gpu));
        Assert.That(driver.Held, Is.Empty);
    }
}
