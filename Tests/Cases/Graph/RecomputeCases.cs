using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>Operations that are about the graph and not about numbers.</summary>
public sealed class RecomputeCases : CaseFamily
{
    public override string Title => "Graph";

    public override IEnumerable<OpCase> Rows() =>
    [
        new("recompute", "Recompute.Run(body, inputs)",
            x => Recompute.Run(given => (given[0] * given[1]).Silu() + given[1], [x[0]!, x[1]!]),
            Input.Normal(3, 5), Input.Normal(5)) { Absolute = true, DTypes = [DType.Float32, DType.Float64] },
    ];
}
