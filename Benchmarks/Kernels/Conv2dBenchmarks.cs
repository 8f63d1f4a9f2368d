using BenchmarkDotNet.Attributes;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Benchmarks.Kernels;

/// <summary>A convolution's sizes: square images, padding that keeps their size.</summary>
public sealed record ConvWork(int Batch, int Channels, int Filters, int Size, int Kernel, int Stride = 1) : IWork
{
    /// <inheritdoc/>
    public double Flops =>
        2.0 * Batch * Channels * Filters * Kernel * Kernel * (Size / Stride) * (Size / Stride) * Passes;

    /// <summary>1 for the forward, 3 with the gradients of input and weight.</summary>
    public int Passes { get; init; } = 1;

    /// <inheritdoc/>
    public override string ToString() =>
        $"conv{Kernel} {Channels}->{Filters} @{Size}"
        + (Batch > 1 ? $" x{Batch}" : "") + (Stride > 1 ? $" /{Stride}" : "");
}

/// <summary>The convolutions of a 256-pixel diffusion U-Net: inference, weights packed beforehand.</summary>
public class Conv2dInferenceBenchmarks
{
    private Tensor x = null!, weight = null!, bias = null!;

    /// <summary>From the outer level to the inner one.</summary>
    public static IEnumerable<ConvWork> Sizes =>
    [
        new(1, 3, 256, 256, 3), new(1, 256, 256, 256, 3), new(1, 512, 256, 256, 3), new(1, 256, 6, 256, 3),
        new(1, 256, 256, 128, 3), new(1, 512, 512, 128, 3), new(1, 512, 512, 64, 3), new(1, 1024, 512, 64, 3),
        new(1, 512, 512, 32, 3), new(1, 1024, 1024, 16, 3), new(1, 1024, 1024, 8, 3), new(1, 512, 256, 256, 1),
        new(1, 1024, 3072, 16, 1), new(1, 256, 256, 64, 3, 2),
    ];

    /// <summary>What is convolved.</summary>
    [ParamsSource(nameof(Sizes))]
    public ConvWork Work { get; set; } = null!;

    /// <summary>Makes image and weight.</summary>
    [GlobalSetup]
    public void Setup()
    {
        x = MatMulBenchmarks.Random([Work.Batch, Work.Size, Work.Size, Work.Channels], 1);
        weight = MatMulBenchmarks.Random([Work.Filters, Work.Channels, Work.Kernel, Work.Kernel], 2);
        bias = MatMulBenchmarks.Random([Work.Filters], 3);
    }

    /// <summary>One forward.</summary>
    [Benchmark]
    public void Forward()
    {
        using var no = GradMode.No();
        x.Conv2d(weight, bias, Work.Stride, Work.Kernel / 2).Dispose();
    }
}

/// <summary>Convolutions as small networks train them: forward and all gradients, the weight new at every
/// step.</summary>
public class Conv2dTrainingBenchmarks
{
    private Tensor x = null!, weight = null!, bias = null!, dy = null!;

    /// <summary>32- and 64-pixel images, 3 to 256 channels.</summary>
    public static IEnumerable<ConvWork> Sizes =>
    [
        new(32, 3, 64, 32, 3) { Passes = 3 }, new(8, 128, 128, 32, 3) { Passes = 3 },
        new(32, 64, 64, 32, 3) { Passes = 3 }, new(16, 64, 64, 64, 3) { Passes = 3 },
        new(128, 32, 32, 32, 3) { Passes = 3 }, new(32, 128, 256, 32, 3, 2) { Passes = 3 },
        new(32, 256, 256, 16, 3) { Passes = 3 }, new(32, 256, 256, 8, 3) { Passes = 3 },
        new(32, 128, 256, 32, 1) { Passes = 3 },
    ];

    /// <summary>What is convolved.</summary>
    [ParamsSource(nameof(Sizes))]
    public ConvWork Work { get; set; } = null!;

    /// <summary>Makes leaves and the upstream gradient.</summary>
    [GlobalSetup]
    public void Setup()
    {
        x = MatMulBenchmarks.Random([Work.Batch, Work.Size, Work.Size, Work.Channels], 1);
        weight = MatMulBenchmarks.Random([Work.Filters, Work.Channels, Work.Kernel, Work.Kernel], 2);
        bias = MatMulBenchmarks.Random([Work.Filters], 3);
        dy = MatMulBenchmarks.Random([Work.Batch, Work.Size / Work.Stride, Work.Size / Work.Stride, Work.Filters], 4);
        foreach (var leaf in new[] { x, weight, bias }) leaf.RequiresGrad = true;
    }

    /// <summary>One step.</summary>
    [Benchmark]
    public void Step()
    {
        using (Scope.Open()) x.Conv2d(weight, bias, Work.Stride, Work.Kernel / 2).Backward(dy);
        x.Grad = weight.Grad = bias.Grad = null;
    }
}
