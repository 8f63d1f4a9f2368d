using BenchmarkDotNet.Attributes;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Benchmarks.Networks;

/// <summary>Residual blocks of the 256-pixel U-Net: norms, activations, modulation and shortcut around two
/// convolutions.</summary>
public class ResBlockBenchmarks
{
    private ResBlock block = null!;
    private Tensor x = null!, emb = null!;

    /// <summary>The first level's, and one of the decoder with its shortcut.</summary>
    public static IEnumerable<ResWork> Sizes => [new(256, 256, 256), new(1024, 512, 64), new(1024, 1024, 16)];

    /// <summary>What is run.</summary>
    [ParamsSource(nameof(Sizes))]
    public ResWork Work { get; set; } = null!;

    [GlobalSetup]
    public void SetUp()
    {
        var generator = new Generator(1);
        block = new ResBlock(Work.Plan);
        block.Initialise(generator);
        block.Eval();
        x = Tensor.Randn([1, Work.Size, Work.Size, Work.Channels], generator);
        emb = Tensor.Randn([1, 1024], generator);
    }

    [Benchmark]
    public void Forward()
    {
        using var no = GradMode.No();
        block.Forward(x, emb).Dispose();
    }

    [GlobalCleanup]
    public void CleanUp() => block.Dispose();
}
