using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Benchmarks.Baseline;

/// <summary>A step of AdamW on 16 million parameters: it reads four numbers and writes three for each.</summary>
internal sealed class OptimiserWork : Work
{
    private readonly Tensor parameter = Tensor.Zeros([4096, 4096]);
    private readonly AdamW optimizer;

    public OptimiserWork()
    {
        parameter.RequiresGrad = true;
        parameter.Grad = Tensor.Ones(parameter.Shape);
        optimizer = new AdamW([parameter]);
    }

    public override double Seconds() => Time(() => optimizer.Step());

    public override void Dispose()
    {
        optimizer.Dispose();
        parameter.Dispose();
    }
}
