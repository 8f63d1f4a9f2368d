using BenchmarkDotNet.Attributes;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Benchmarks.Kernels;

/// <summary>The U-Net's attention, in heads of 64 channels, against the same thing with its matrix of scores in memory.
/// </summary>
public class AttentionBenchmarks
{
    private Tensor qkv = null!, dy = null!;

    /// <summary>Channels and image size of the levels that have attention.</summary>
    [Params("512@32", "1024@16", "1024@8")]
    public string Level { get; set; } = "";

    private int Channels => int.Parse(Level.Split('@')[0]);

    private int Tokens => int.Parse(Level.Split('@')[1]) * int.Parse(Level.Split('@')[1]);

    private int Heads => Channels / 64;

    [GlobalSetup]
    public void SetUp()
    {
        var generator = new Generator(1);
        qkv = Tensor.Randn([1, Tokens, 3 * Channels], generator);
        dy = Tensor.Randn([1, Tokens, Channels], generator);
        qkv.RequiresGrad = true;
    }

    [Benchmark(Baseline = true)]
    public void Materialised()
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var heads = qkv.Reshape(Tokens, 3, Heads, 64).Permute(1, 2, 0, 3);
        Tensor q = heads.Slice(0, 0, 1), k = heads.Slice(0, 1, 1), v = heads.Slice(0, 2, 1);
        q.MatMul(k, transposeB: true).Softmax().MatMul(v).Permute(0, 2, 1, 3).Contiguous();
    }

    [Benchmark]
    public void Tiled()
    {
        using var no = GradMode.No();
        using var y = qkv.QkvAttention(Heads, QkvOrder.New);
    }

    [Benchmark]
    public void TiledAndBackward()
    {
        using var scope = Scope.Open();
        qkv.QkvAttention(Heads, QkvOrder.New).Backward(dy);
        qkv.Grad = null;
    }
}
