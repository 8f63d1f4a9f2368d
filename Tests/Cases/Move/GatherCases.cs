using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>Several tensors become one, or one is picked from.</summary>
public sealed class GatherCases : CaseFamily
{
    public override string Title => "Joining and picking";

    public override IEnumerable<OpCase> Rows() =>
    [
        Concat(0, [2, 3], [4, 3]), Concat(1, [2, 3], [2, 1], [2, 5]), Concat(-1, [3, 2, 4], [3, 2, 9]), Concat(0, [5]),
        Concat(1, [2, 0], [2, 3]), Concat(-1, [900, 40], [900, 64]) with { Large = true },
        Concat(-1, [1, 128, 128, 256], [1, 128, 128, 256]) with { Network = true },
        new("concat", "Tensor.Stack(axis, a, b)", x => Tensor.Stack(1, x[0]!, x[1]!),
            Input.Normal(2, 3), Input.Normal(2, 3))
            { Reference = x => Naive.Build([2, 2, 3], i => x[i[1]].At(i[0], i[2])), IsExact = true },
        Gather(0, [4, 3], [6, 3]), Gather(1, [4, 3], [2, 5]), Gather(2, [2, 3, 4], [2, 3, 1]), Gather(0, [3], [0]),
        Gather(1, [3, 400, 70], [3, 60, 70]) with { Large = true },
        IndexSelect(0, [4, 3], 7), IndexSelect(1, [4, 3, 2], 2), IndexSelect(-1, [2, 5], 9), IndexSelect(0, [3, 2], 0),
        IndexSelect(0, [1000, 128], 700) with { Large = true },
    ];

    private static OpCase Concat(int axis, params long[][] shapes) => new("concat", "Tensor.Concat(axis, a, b)",
        x => Tensor.Concat(axis, [.. x.Select(t => t!)]), [.. shapes.Select(s => Input.Normal(s))])
    {
        Reference = x =>
        {
            var at = x[0].Shape.Axis(axis);
            return Naive.Build(x[0].Shape.With(at, x.Sum(t => t.Shape[at])), index =>
            {
                var (part, place) = (0, (long[])index.Clone());
                while (place[at] >= x[part].Shape[at]) place[at] -= x[part++].Shape[at];
                return x[part].At(place);
            });
        },
        IsExact = true,
    };

    private static OpCase Gather(int axis, long[] shape, long[] index) => new("gather", "x.Gather(axis, index)",
        x => x[0]!.Gather(axis, x[1]!), Input.Normal(shape), Input.Index(shape[axis], index))
    {
        Reference = x => Naive.Build(x[1].Shape, i =>
        {
            var at = (long[])i.Clone();
            at[axis] = (long)x[1].At(i);
            return x[0].At(at);
        }),
        IsExact = true,
    };

    private static OpCase IndexSelect(int axis, long[] shape, long count)
    {
        var at = Shape.Of(shape).Axis(axis);
        return new("index_select", "x.IndexSelect(axis, index)", x => x[0]!.IndexSelect(axis, x[1]!),
            Input.Normal(shape), Input.Index(shape[at], count))
        {
            Reference = x => Naive.Build(x[0].Shape.With(at, count), i =>
            {
                var place = (long[])i.Clone();
                place[at] = (long)x[1].At(i[at]);
                return x[0].At(place);
            }),
            IsExact = true,
        };
    }
}
