using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>From scores to probabilities and losses, and from labels to vectors.</summary>
public sealed class LossCases : CaseFamily
{
    public override string Title => "Probabilities, losses, embeddings";

    public override IEnumerable<OpCase> Rows() =>
    [
        .. Softmax([7], 0), .. Softmax([3, 5], -1), .. Softmax([2, 5, 3], 1), .. Softmax([0, 4], 1),
        .. Softmax([300, 257], -1),
        CrossEntropy(4, 6), CrossEntropy(3, 2, 5), CrossEntropy(500, 130) with { Large = true },
        new("embedding", "weight.Embedding(indices)", x => x[0]!.Embedding(x[1]!),
            Input.Normal(6, 4), Input.Index(6, 3, 5)) { IsExact = true },
        new("embedding", "weight.Embedding(indices)", x => x[0]!.Embedding(x[1]!),
            Input.Normal(1, 3), Input.Index(1, 0)) { IsExact = true },
    ];

    private static IEnumerable<OpCase> Softmax(long[] shape, int axis)
    {
        var row = new OpCase("softmax", "x.Softmax(axis)", x => x[0]!.Softmax(axis), Input.Normal(shape))
        {
            Terms = Math.Max(1, shape[Shape.Of(shape).Axis(axis)]),
            Roundings = 12,
            Flops = 20.0 * Shape.Of(shape).Count,
            Large = Shape.Of(shape).Count > 60_000,
        };
        return [row, row with { Op = "log_softmax", Call = "x.LogSoftmax(axis)", Run = x => x[0]!.LogSoftmax(axis) }];
    }

    private static OpCase CrossEntropy(params long[] shape) => new("cross_entropy",
        "logits.CrossEntropy(labels, ignoreIndex, reduction)", x => x[0]!.CrossEntropy(x[1]!), Input.Normal(shape),
        Input.Index(shape[^1], shape[..^1]))
    {
        Terms = Shape.Of(shape).Count,
        Roundings = 12,
        Flops = 20.0 * Shape.Of(shape).Count,
    };
}
