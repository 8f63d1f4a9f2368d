using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Tests.Kernels.Gpu;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

/// <summary>Passes of norms on a GPU whose threads have eight neighbouring channels.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class GpuChannelsTests
{
    private static readonly string[] names = ["MomentsEight", "AffineEight", "InputEight"];

    [Test]
    public void Eight_channels_have_the_bits_of_one([Values(DType.Float32, DType.Float16, DType.BFloat16)] DType type,
        [Values] bool silu)
    {
        using var scope = Scope.Open();
        var device = new SimDevice();
        var values = OpCompare.Normal([2, 150, 24], 1).To(type).To(device);
        // One number further on, addresses are no multiples of 16.
        var memory = Tensor.Zeros([values.Count + 1], type, device);
        memory.Slice(0, 1, values.Count).Assign(values.Reshape([values.Count]));
        var (many, one) = (Run(values), Run(memory.Slice(0, 1, values.Count).Reshape(values.Shape)));
        Assert.That(many, Is.EqualTo(one));

        double[] Run(Tensor x)
        {
            x = x.Detach();
            x.RequiresGrad = true;
            var y = x.GroupNorm(3, OpCompare.Normal([24], 2).To(device), OpCompare.Normal([24], 3).To(device),
                scaleShift: OpCompare.Normal([2, 48], 4).To(device), silu: silu);
            y.Backward(OpCompare.Normal([2, 150, 24], 5).To(type).To(device));
            return [.. Doubles(y), .. Doubles(x.Grad!)];
        }

        static double[] Doubles(Tensor tensor) => tensor.To(Device.Cpu).To(DType.Float64).ToArray<double>();
    }

    [Test]
    public void Are_read_and_written_sixteen_bytes_at_a_time([Values] DType type)
    {
        if (!GroupNorm.Forward.GpuTypes.Contains(type)) return;
        using var scope = Scope.Open();
        var device = new RecordingDevice();
        var x = Tensor.Zeros([1, 16, 24], type, device);
        x.RequiresGrad = true;
        x.GroupNorm(3, null, null, silu: true).Backward(Tensor.Zeros(x.Shape, type, device));
        var kernels = device.Kernels.OfType<GpuKernel>().Where(k => names.Contains(k.Method.Name)).ToList();
        Assert.That(kernels.Select(k => k.Method.Name), Is.EquivalentTo(names));
        foreach (var kernel in kernels)
        {
            var lines = kernel.For(80).Text.Split('\n').Select(l => l.Trim()).ToList();
            Assert.That(lines.Where(l => l.StartsWith("ld.global", StringComparison.Ordinal)),
                Is.Not.Empty.And.All.StartWith("ld.global.v4."), kernel.Name);
            if (kernel.Method.Name != "MomentsEight")
                Assert.That(lines.Where(l => l.StartsWith("st.global", StringComparison.Ordinal)),
                    Is.Not.Empty.And.All.StartWith("st.global.v4."), kernel.Name);
        }
    }
}
