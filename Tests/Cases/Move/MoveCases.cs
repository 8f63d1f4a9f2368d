using System.Runtime.CompilerServices;
using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>Elements change place, not value.</summary>
public sealed class MoveCases : CaseFamily
{
    public override string Title => "Movement";

    public override IEnumerable<OpCase> Rows() =>
    [
        Move("reshape", x => x.Reshape(6, -1), [2, 3, 4], i => [i[0] / 3, i[0] % 3, i[1]], [6, 4]),
        Move("reshape", x => x.Reshape(0, 5), [0], i => [0], [0, 5]),
        Move("reshape", x => x.Flatten(1, 2), [2, 3, 4], i => [i[0], i[1] / 4, i[1] % 4], [2, 12]),
        Move("squeeze", x => x.Squeeze(1), [2, 1, 3], i => [i[0], 0, i[1]], [2, 3]),
        Move("squeeze", x => x.Unsqueeze(-1), [2, 3], i => [i[0], i[1]], [2, 3, 1]),
        Move("permute", x => x.Permute(2, 0, 1), [2, 3, 4], i => [i[1], i[2], i[0]], [4, 2, 3]),
        Move("permute", x => x.Transpose(0, -1), [2, 3, 4], i => [i[2], i[1], i[0]], [4, 3, 2]),
        Move("slice", x => x.Slice(1, 1, 2), [3, 4], i => [i[0], i[1] + 1], [3, 2]),
        Move("slice", x => x.Slice(0, -5, 3, step: 2), [7, 2], i => [2 + 2 * i[0], i[1]], [3, 2]),
        Move("slice", x => x.Slice(-1, 1..^1), [2, 5], i => [i[0], i[1] + 1], [2, 3]),
        Move("slice", x => x.Slice(0, 4, 0), [4], i => [0], [0]),
        Move("slice", x => x.Select(1, -1), [3, 4], i => [i[0], 3], [3]),
        Move("broadcast", x => x.Broadcast([2, 3, 4]), [3, 1], i => [i[1], 0], [2, 3, 4]),
        Move("broadcast", x => x.Broadcast([3, 0]), [3, 1], i => [i[0], 0], [3, 0]),
        Move("copy", x => x.Clone(), [2, 3], i => [i[0], i[1]], [2, 3]),
        Move("copy", x => Turned(x, 1, 0), [2, 3], i => [i[1], i[0]], [3, 2])
            with { Call = "x.Transpose(0, 1).Contiguous()" },
        .. Copies(),
        Move("move", x => x.To(other).To(x.Device), [2, 3], i => [i[0], i[1]], [2, 3]) with { Call = "x.To(device)" },
        new("cast", "x.To(dtype)", x => x[0]!.To(DType.BFloat16).To(x[0]!.DType), Input.Normal(3, 5))
            { HasGradient = false, IsExact = true, DTypes = [DType.Float32] },
        new("cast", "x.To(dtype)", x => x[0]!.To(DType.Float64), Input.Normal(3, 5))
            { Reference = x => x[0], IsExact = true },
        new("cast", "x.To(dtype)", x => x[0]!.To(DType.Int64), Input.Uniform(-9, 9, 40))
            { Reference = x => x[0].Map(Math.Truncate), HasGradient = false, IsExact = true },
        new("cast", "x.To(dtype)", x => x[0]!.To(DType.Bool), Input.Index(3, 40))
            {
                Reference = x => x[0].Map(v => v != 0 ? 1 : 0),
                HasGradient = false,
                IsExact = true,
                DTypes = [DType.Float32],
            },
        Pad([(1, 2), (0, 1)], 0, 3, 4), Pad([(0, 0), (2, 0), (0, 3)], -1.5, 2, 1, 3), Pad([(1, 1)], 2, 0),
    ];

    private static readonly CpuDevice other = new(1);

    // As networks turn their activations: NHWC to NCHW and back, heads apart, odd lengths.
    private static IEnumerable<OpCase> Copies() =>
    [
        Move("copy", x => x.Permute(0, 3, 1, 2).Contiguous(), [2, 19, 23, 96], i => [i[0], i[2], i[3], i[1]],
            [2, 96, 19, 23]) with { Large = true },
        Move("copy", x => x.Permute(0, 2, 3, 1).Contiguous(), [2, 3, 129, 131], i => [i[0], i[3], i[1], i[2]],
            [2, 129, 131, 3]) with { Large = true },
        Move("copy", x => x.Transpose(1, 2).Contiguous(), [4, 65, 8, 33], i => [i[0], i[2], i[1], i[3]], [4, 8, 65, 33])
            with { Large = true },
        new("copy", "x.Clone()", x => x[0]!.Clone(), Input.Uniform(0, 1, 1, 256, 256, 64)) { Network = true },
        new("copy", "x.Permute(0, 3, 1, 2).Contiguous()", x => x[0]!.Permute(0, 3, 1, 2).Contiguous(),
            Input.Uniform(0, 1, 1, 256, 256, 64)) { Network = true },
        new("copy", "x.Permute(0, 2, 3, 1).Contiguous()", x => x[0]!.Permute(0, 2, 3, 1).Contiguous(),
            Input.Uniform(0, 1, 1, 64, 256, 256)) { Network = true },
        new("copy", "x.Permute(0, 2, 3, 1).Contiguous()", x => x[0]!.Permute(0, 2, 3, 1).Contiguous(),
            Input.Uniform(0, 1, 1, 3, 1024, 1024)) { Network = true },
        new("cast", "x.To(Float16)", x => x[0]!.To(DType.Float16), Input.Uniform(0, 1, 4_194_304)) { Network = true },
        new("cast", "x.To(Float32)", x => x[0]!.To(DType.Float32),
            new Input([4_194_304], (r, _) => r.NextDouble(), DType.Float16)) { Network = true },
    ];

    private static OpCase Move(string op, Func<Tensor, Tensor> run, long[] shape, Func<long[], long[]> from,
        long[] result, [CallerArgumentExpression(nameof(run))] string call = "") =>
        new(op, Calls.Short(call), x => run(x[0]!), Input.Normal(shape))
        { Reference = x => Naive.Build(Shape.Of(result), i => x[0].At(from(i))), IsExact = true };

    private static Tensor Turned(Tensor x, params int[] order)
    {
        using var turned = x.Permute(order);
        return turned.Contiguous();
    }

    private static OpCase Pad((long Before, long After)[] margins, double value, params long[] shape) =>
        new("pad", "x.Pad(margins, value)", x => x[0]!.Pad(margins, value), Input.Normal(shape))
        {
            Reference = x => Naive.Build(
                Shape.Of([.. shape.Select((n, i) => n + margins[i].Before + margins[i].After)]),
                index =>
                {
                    var at = index.Select((n, i) => n - margins[i].Before).ToArray();
                    return at.Select((n, i) => n >= 0 && n < shape[i]).All(b => b) ? x[0].At(at) : value;
                }),
            IsExact = true,
        };
}
