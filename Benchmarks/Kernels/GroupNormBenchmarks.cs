using BenchmarkDotNet.Attributes;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Benchmarks.Kernels;

/// <summary>The norm of the U-Net's largest level, 64 MiB in and out, against a copy of as much memory: a norm must
/// read its input twice and write once, so 1.5 copies are the bound.</summary>
public class GroupNormBenchmarks
{
    private const int Channels = 256;

    private Tensor x = null!, weight = null!, bias = null!, scaleShift = null!, dy = null!;

    [GlobalSetup]
    public void SetUp()
    {
        var generator = new Generator(1);
        x = Tensor.Randn([1, 256, 256, Channels], generator);
        dy = Tensor.Randn(x.Shape, generator);
        weight = Tensor.Randn([Channels], generator);
        bias = Tensor.Randn([Channels], generator);
        scaleShift = Tensor.Randn([1, 2 * Channels], generator);
        x.RequiresGrad = true;
    }

    [Benchmark(Baseline = true)]
    public void Copy()
    {
        using var no = GradMode.No();
        using var y = x.Clone();
    }

    [Benchmark]
    public void Norm()
    {
        using var no = GradMode.No();
        using var y = x.GroupNorm(32, weight, bias);
    }

    [Benchmark]
    public void NormScaleShiftSilu()
    {
        using var no = GradMode.No();
        using var y = x.GroupNorm(32, weight, bias, scaleShift: scaleShift, silu: true);
    }

    [Benchmark]
    public void NormScaleShiftSiluAndBackward()
    {
        using var scope = Scope.Open();
        x.GroupNorm(32, weight, bias, scaleShift: scaleShift, silu: true).Backward(dy);
        x.Grad = null;
    }
}
