using BenchmarkDotNet.Attributes;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Benchmarks.Kernels;

/// <summary>A product's sizes.</summary>
public sealed record MatMulWork(int M, int N, int K) : IWork
{
    /// <inheritdoc/>
    public double Flops => 2.0 * M * N * K;

    /// <inheritdoc/>
    public override string ToString() => $"{M}x{N}x{K}";
}

/// <summary>Matrix products, row-major, both operands packed at every call.</summary>
public class MatMulBenchmarks
{
    private Tensor a = null!, b = null!, transposed = null!;

    /// <summary>Squares, a layer's size, a vector, few rows, a weight's gradient.</summary>
    public static IEnumerable<MatMulWork> Sizes =>
    [
        new(512, 512, 512), new(1024, 1024, 1024), new(2048, 2048, 2048), new(256, 16384, 2304), new(1, 2048, 1024),
        new(8, 2048, 1024), new(64, 1024, 1024), new(128, 128, 16384), new(65536, 256, 512),
    ];

    /// <summary>What is multiplied.</summary>
    [ParamsSource(nameof(Sizes))]
    public MatMulWork Work { get; set; } = null!;

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        a = Random([Work.M, Work.K], 1);
        b = Random([Work.K, Work.N], 2);
        transposed = Random([Work.N, Work.K], 3);
    }

    /// <summary>A B.</summary>
    [Benchmark]
    public void Product()
    {
        using var no = GradMode.No();
        a.MatMul(b).Dispose();
    }

    /// <summary>A Bᵀ, as a linear layer has it.</summary>
    [Benchmark]
    public void Transposed()
    {
        using var no = GradMode.No();
        a.MatMul(transposed, transposeB: true).Dispose();
    }

    /// <summary>Uniform numbers between -1 and 1.</summary>
    internal static Tensor Random(Shape shape, int seed)
    {
        var random = new Random(seed);
        var values = new float[shape.Count];
        for (var i = 0; i < values.Length; i++) values[i] = random.NextSingle() * 2 - 1;
        return Tensor.From(values, shape);
    }
}
