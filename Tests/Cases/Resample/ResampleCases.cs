using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>Pooling and resizing of images [N, H, W, C].</summary>
public sealed class ResampleCases : CaseFamily
{
    public override string Title => "Pooling and resizing";

    public override IEnumerable<OpCase> Rows() =>
    [
        Image("avg_pool2d", "x.AvgPool2d(kernel, stride, padding)", x => x.AvgPool2d(2), 2, 4, 6, 3),
        Image("avg_pool2d", "x.AvgPool2d(kernel, stride, padding)", x => x.AvgPool2d(3, 2, 1), 1, 7, 5, 2),
        Image("avg_pool2d", "x.AvgPool2d(kernel, stride, padding)", x => x.AvgPool2d(2), 2, 64, 64, 24)
            with { Large = true },
        Image("max_pool2d", "x.MaxPool2d(kernel, stride, padding)", x => x.MaxPool2d(2), 2, 5, 6, 3),
        Image("max_pool2d", "x.MaxPool2d(kernel, stride, padding)", x => x.MaxPool2d(3, 2, 1), 1, 7, 5, 2),
        Image("adaptive_avg_pool2d", "x.AdaptiveAvgPool2d(output)", x => x.AdaptiveAvgPool2d((3, 2)), 2, 7, 5, 3),
        Image("adaptive_avg_pool2d", "x.AdaptiveAvgPool2d(output)", x => x.AdaptiveAvgPool2d(4), 1, 2, 3, 2),
        Image("upsample_nearest", "x.UpsampleNearest(scale)", x => x.UpsampleNearest(), 2, 3, 4, 5),
        Image("upsample_nearest", "x.UpsampleNearest(scale)", x => x.UpsampleNearest(3), 1, 1, 2, 1),
        Image("resize_bilinear", "x.ResizeBilinear(height, width)", x => x.ResizeBilinear(7, 9), 2, 4, 5, 3),
        Image("resize_bilinear", "x.ResizeBilinear(height, width, alignCorners: true)",
            x => x.ResizeBilinear(3, 8, alignCorners: true), 1, 6, 4, 2),
    ];

    private static OpCase Image(string op, string call, Func<Tensor, Tensor> run, params long[] shape) =>
        new(op, call, x => run(x[0]!), Input.Distinct(shape))
        {
            Terms = 9,
            Roundings = 16,
        };
}
