using Diffract.Autograd;
using Diffract.Kernels;

namespace Diffract.Cases;

/// <summary>Convolutions [N, H, W, C].</summary>
public sealed class Conv2dCases : CaseFamily
{
    public override string Title => "Convolutions";

    public override IEnumerable<OpCase> Rows() =>
    [
        Conv([1, 1, 1, 1], 1, 1), Conv([2, 5, 6, 3], 4, 3, padding: 1), Conv([1, 7, 5, 4], 6, 3, stride: 2, padding: 1),
        Conv([2, 4, 4, 6], 4, 3, padding: 1, groups: 2), Conv([1, 8, 6, 4], 5, 2, stride: 2),
        Conv([1, 9, 8, 3], 2, (3, 1), padding: (2, 0), dilation: (2, 1)), Conv([3, 4, 5, 8], 16, 1),
        Conv([0, 4, 4, 2], 3, 3, padding: 1), Conv([1, 16, 16, 32], 40, 3, padding: 1) with { Large = true },
        Conv([2, 9, 9, 16], 24, 1) with { Large = true },
        new("conv2d", "x.Conv2d(weight, bias, residual: r)", x => x[0]!.Conv2d(x[1]!, x[2], padding: 1, residual: x[3]),
            Input.Normal(1, 4, 5, 3), Input.Normal(4, 3, 3, 3), Input.Normal(4), Input.Normal(1, 4, 5, 4))
            { Terms = 27, Roundings = 40 },
        Transposed([1, 3, 4, 2], 3, 2, stride: 2),
        Transposed([2, 3, 3, 4], 2, 3, stride: 2, padding: 1, outputPadding: 1),
        Transposed([1, 4, 4, 4], 4, 3, padding: 1, groups: 2),
    ];

    private static OpCase Conv(long[] shape, long outputs, Pair kernel, Pair? stride = null, Pair padding = default,
        Pair? dilation = null, int groups = 1) =>
        new("conv2d", "x.Conv2d(weight, bias, stride, padding, dilation, groups)",
            x => x[0]!.Conv2d(x[1]!, x[2], stride, padding, dilation, groups), Input.Normal(shape),
            Input.Normal(outputs, shape[3] / groups, kernel.H, kernel.W), Input.Normal(outputs))
        {
            Terms = shape[3] / groups * kernel.H * kernel.W,
            Roundings = 40,
            Flops = 2.0 * shape[0] * shape[1] * shape[2] * shape[3] / groups * outputs * kernel.H * kernel.W
                / ((stride ?? 1).H * (stride ?? 1).W),
        };

    private static OpCase Transposed(long[] shape, long outputs, Pair kernel, Pair? stride = null,
        Pair padding = default, Pair outputPadding = default, int groups = 1) =>
        new("conv_transpose2d", "x.ConvTranspose2d(weight, bias, stride, padding, outputPadding, groups)",
            x => x[0]!.ConvTranspose2d(x[1]!, x[2], stride, padding, outputPadding, groups), Input.Normal(shape),
            Input.Normal(shape[3], outputs / groups, kernel.H, kernel.W), Input.Normal(outputs))
        {
            Terms = shape[3] / groups * kernel.H * kernel.W,
            Roundings = 40,
            Flops = 2.0 * shape[0] * shape[1] * shape[2] * shape[3] * outputs / groups * kernel.H * kernel.W,
        };
}
