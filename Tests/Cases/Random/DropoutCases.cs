using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>Dropout, with the generator's own numbers as reference.</summary>
public sealed class DropoutCases : CaseFamily
{
    public override string Title => "Random";

    public override IEnumerable<OpCase> Rows() => [Dropout(0.1, 0), Dropout(0.3, 7), Dropout(0.5, 3, 5),
        Dropout(0.25, 70_001) with { Large = true }, Dropout(0.1, 4_194_304) with { Network = true }];

    private static OpCase Dropout(double p, params long[] shape) => new("dropout", "x.Dropout(p, generator, training)",
        x => x[0]!.Dropout(p, new Generator(11), training: true), Input.Normal(shape))
    {
        Reference = x =>
        {
            var generator = new Generator(11);
            return x[0].Map(v => generator.NextSingle() >= p ? v / (1 - p) : 0);
        },
    };
}
