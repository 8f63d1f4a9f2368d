using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Tests.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Engine.Cuda;

/// <summary>What goes between host and device: files, states, labels, random numbers.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class CudaTransferTests
{
    [TestCase(".safetensors")]
    [TestCase(".pt")]
    public void Files_are_written_from_any_device_and_layout(string extension)
    {
        using var folder = new TemporaryFolder();
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var scope = Scope.Open();
        // Two pieces and a rest.
        var large = Tensor.Randn([(2 << 22) + 5], new Generator(1));
        var small = Tensor.Randn([3, 4, 5], new Generator(2));
        var half = Tensor.Randn([7], new Generator(3), DType.Float16);
        Dictionary<string, Tensor> Of(Device device) => new()
        {
            ["large"] = large.To(device),
            ["turned"] = small.To(device).Permute(2, 0, 1),
            ["part"] = small.To(device).Slice(1, 1, 2),
            ["half"] = half.To(device),
            ["one"] = Tensor.From([5L], Shape.Scalar).To(device),
            ["none"] = Tensor.Empty([0, 3], DType.Float32, device),
        };
        TensorFile.Save(folder["cpu" + extension], Of(Device.Cpu));
        TensorFile.Save(folder["gpu" + extension], Of(gpu));
        Assert.That(File.ReadAllBytes(folder["gpu" + extension]).AsSpan()
            .SequenceEqual(File.ReadAllBytes(folder["cpu" + extension])), Is.True);
        Assert.That(small.To(gpu).Permute(2, 0, 1).ToArray<float>(),
            Is.EqualTo(small.Permute(2, 0, 1).ToArray<float>()));
    }

    [Test]
    public void Elements_are_copied_between_devices()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var scope = Scope.Open();
        var x = Tensor.From(1f, 2f, 3f);
        var (onGpu, back) = (Tensor.Zeros([3], device: gpu), Tensor.Zeros([3]));
        var version = onGpu.Storage.Version;
        onGpu.CopyFrom(x);
        back.CopyFrom(onGpu);
        Assert.That(back.ToArray<float>(), Is.EqualTo(x.ToArray<float>()));
        Assert.That(onGpu.Storage.Version, Is.GreaterThan(version));
        Assert.That(() => onGpu.CopyFrom(Tensor.Zeros([4])), Throws.TypeOf<ShapeException>());
        Assert.That(() => onGpu.CopyFrom(Tensor.Zeros([3], DType.Int64)), Throws.TypeOf<DTypeException>());
        Assert.That(() => onGpu.CopyFrom(Tensor.Zeros([3, 3]).Select(1, 0)), Throws.TypeOf<ShapeException>());
    }

    [Test]
    public void Random_numbers_are_the_same_bits()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var scope = Scope.Open();
        foreach (var count in (int[])[1, 5, 3000])
        {
            var (a, b) = (new Generator(7), new Generator(7));
            for (var again = 0; again < 2; again++)
            {
                Assert.That(Tensor.Randn([count], a, device: gpu).ToArray<float>(),
                    Is.EqualTo(Tensor.Randn([count], b).ToArray<float>()), $"normal, {count}");
                Assert.That(Tensor.Uniform([count], -2, 3, a, device: gpu).ToArray<float>(),
                    Is.EqualTo(Tensor.Uniform([count], -2, 3, b).ToArray<float>()), $"uniform, {count}");
                Assert.That(Tensor.RandInt(-5, 90, [count], a, device: gpu).ToArray<long>(),
                    Is.EqualTo(Tensor.RandInt(-5, 90, [count], b).ToArray<long>()), $"integers, {count}");
                Assert.That(Tensor.Ones([count], device: gpu).Dropout(0.3, a, training: true).ToArray<float>(),
                    Is.EqualTo(Tensor.Ones([count]).Dropout(0.3, b, training: true).ToArray<float>()),
                    $"dropout, {count}");
                Assert.That(a.State, Is.EqualTo(b.State));
            }
        }
    }

    [Test]
    public void Labels_that_come_from_the_host_are_not_read_back()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var scope = Scope.Open();
        var logits = Tensor.Randn([4, 3], new Generator(1));
        var labels = Tensor.From(0L, 2L, -100L, 1L);
        var expected = logits.CrossEntropy(labels).Item<float>();
        var onGpu = logits.To(gpu);
        var table = Tensor.Randn([3, 2], new Generator(2), device: gpu);
        var sure = Tensor.From(0L, 2L, 2L, 1L).To(gpu);
        var before = driver.Count("cuMemcpyDtoHAsync_v2");
        for (var i = 0; i < 3; i++) onGpu.CrossEntropy(sure.Slice(0, 0, 4));
        table.Embedding(sure.Slice(0, 1, 2));
        onGpu.Gather(1, sure.Unsqueeze(-1));
        onGpu.IndexSelect(0, sure);
        Assert.That(driver.Count("cuMemcpyDtoHAsync_v2"), Is.EqualTo(before));
        // Labels that may be ignored are outside the classes: those are looked at.
        Assert.That(onGpu.CrossEntropy(labels.To(gpu)).Item<float>(), Is.EqualTo(expected).Within(1e-6));

        var made = sure + 1L;
        before = driver.Count("cuMemcpyDtoHAsync_v2");
        Assert.That(() => onGpu.CrossEntropy(made), Throws.TypeOf<ShapeException>().With.Message.Contains("label 3"));
        Assert.That(() => table.Embedding(Tensor.From(7L).To(gpu)), Throws.TypeOf<ShapeException>());
        Assert.That(() => onGpu.Gather(1, made.Unsqueeze(-1)), Throws.TypeOf<ShapeException>().With.Message.EqualTo(
            "gather: index 3 at position 1 is outside 0..2 (3 along axis 1 of [4, 3])"));
        Assert.That(driver.Count("cuMemcpyDtoHAsync_v2"), Is.GreaterThan(before));
        sure.CopyFrom<long>([0, 1, 2, 3]);
        Assert.That(() => onGpu.CrossEntropy(sure), Throws.TypeOf<ShapeException>(), "they have changed");
    }

    [Test]
    public void The_length_of_all_gradients_is_read_at_once()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var scope = Scope.Open();
        double Norm(Device device)
        {
            var parameters = Enumerable.Range(1, 5).Select(i =>
            {
                var p = Tensor.Randn([i, 3], new Generator((ulong)i)).To(device).Detach();
                p.RequiresGrad = true;
                (p * p).Sum().Backward();
                return p;
            }).ToArray();
            var before = driver.Count("cuMemcpyDtoHAsync_v2");
            var norm = ClipGrad.TotalNorm(parameters);
            if (device == gpu) Assert.That(driver.Count("cuMemcpyDtoHAsync_v2"), Is.EqualTo(before + 1));
            return norm;
        }

        Assert.That(Norm(gpu), Is.EqualTo(Norm(Device.Cpu)).Within(1e-6));
    }

    [Test]
    public void States_move_between_devices()
    {
        using var driver = new MockDriver();
        using var gpu = driver.Open();
        using var scope = Scope.Open();
        var onCpu = Trained(Device.Cpu, 2);
        var onGpu = Trained(gpu, 0);
        onGpu.Parameter.CopyFrom(onCpu.Parameter);
        onGpu.Optimizer.LoadState(onCpu.Optimizer.SaveState());
        onGpu.Ema.LoadState(onCpu.Ema.SaveState());
        Step(onCpu);
        Step(onGpu);
        Assert.That(onGpu.Parameter.ToArray<float>(), Is.EqualTo(onCpu.Parameter.ToArray<float>()).Within(1e-6));
        Assert.That(onGpu.Ema.Averages(0.5)[0].Tensor.ToArray<float>(),
            Is.EqualTo(onCpu.Ema.Averages(0.5)[0].Tensor.ToArray<float>()).Within(1e-6));

        var back = Trained(Device.Cpu, 0);
        back.Parameter.CopyFrom(onGpu.Parameter);
        back.Optimizer.LoadState(onGpu.Optimizer.SaveState());
        Step(back);
        Step(onGpu);
        Assert.That(back.Parameter.ToArray<float>(), Is.EqualTo(onGpu.Parameter.ToArray<float>()).Within(1e-6));
    }

    private static (Tensor Parameter, AdamW Optimizer, Ema Ema) Trained(Device device, int steps)
    {
        var p = Tensor.Randn([6], new Generator(1)).To(device).Detach();
        p.RequiresGrad = true;
        var made = (p, new AdamW([p], lr: 0.1), new Ema([("p", p)], 0.5));
        for (var i = 0; i < steps; i++) Step(made);
        return made;
    }

    private static void Step((Tensor Parameter, AdamW Optimizer, Ema Ema) of)
    {
        using var scope = Scope.Open();
        of.Optimizer.ZeroGrad();
        (of.Parameter * of.Parameter).Sum().Backward();
        of.Optimizer.Step();
        of.Ema.Update();
    }
}
