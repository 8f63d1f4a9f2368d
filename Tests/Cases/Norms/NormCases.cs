using Diffract.Autograd;

namespace Diffract.Cases;

/// <summary>Normalisations.</summary>
public sealed class NormCases : CaseFamily
{
    public override string Title => "Normalisations";

    public override IEnumerable<OpCase> Rows() =>
    [
        Group(2, false, false, 2, 3, 4), Group(4, true, false, 2, 2, 3, 12), Group(1, false, true, 1, 2, 2, 5),
        Group(3, true, true, 2, 5, 9), Group(32, true, true, 2, 19, 23, 64) with { Large = true },
        Layer([2, 5], 5), Layer([3, 4, 9], 9), Layer([2, 3, 4], 3, 4), Layer([40, 50, 24], 24) with { Large = true },
        Batch(true, 4, 3), Batch(true, 2, 3, 4, 5), Batch(true, 4, 40, 41, 12) with { Large = true },
    ];

    private static OpCase Group(int groups, bool silu, bool scaleShift, params long[] shape) => new("group_norm",
        "x.GroupNorm(groups, weight, bias, eps, scaleShift, silu)",
        x => x[0]!.GroupNorm(groups, x[1], x[2], scaleShift: x[3], silu: silu), Input.Normal(shape),
        Input.Normal(shape[^1]), Input.Normal(shape[^1]), scaleShift ? Input.Normal(shape[0], 2 * shape[^1]) : null)
    {
        Terms = shape.Aggregate(1L, (n, l) => n * l) / shape[0] / groups,
        Roundings = 16,
        Flops = 8.0 * shape.Aggregate(1L, (n, l) => n * l),
    };

    private static OpCase Layer(long[] shape, params long[] tail) => new("layer_norm", "x.LayerNorm(weight, bias, eps)",
        x => x[0]!.LayerNorm(x[1]!, x[2]), Input.Normal(shape), Input.Normal(tail), Input.Normal(tail))
    {
        Terms = tail.Aggregate(1L, (n, l) => n * l),
        Roundings = 16,
        Flops = 8.0 * shape.Aggregate(1L, (n, l) => n * l),
    };

    private static OpCase Batch(bool training, params long[] shape) => new("batch_norm",
        "x.BatchNorm(weight, bias, runningMean, runningVar, training)",
        x => x[0]!.BatchNorm(x[1], x[2], null, null, training), Input.Normal(shape), Input.Normal(shape[^1]),
        Input.Normal(shape[^1]))
    {
        Terms = shape.Aggregate(1L, (n, l) => n * l) / shape[^1],
        Roundings = 16,
        Flops = 8.0 * shape.Aggregate(1L, (n, l) => n * l),
    };
}
