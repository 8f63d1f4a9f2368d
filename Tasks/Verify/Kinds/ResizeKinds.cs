using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Pools and resizing.</summary>
internal static class ResizeKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["avg_pool2d"] = AvgPool2d,
        ["max_pool2d"] = MaxPool2d,
        ["adaptive_avg_pool2d"] = c => Run(c, x => x.AdaptiveAvgPool2d(c.Meta.Pair("out"))),
        ["upsample_nearest"] = c => Run(c, x => x.UpsampleNearest(c.Meta.Int("scale", 2))),
        ["bilinear_resize"] = BilinearResize,
    };

    private static void AvgPool2d(VerifyCase c)
    {
        c.Meta.Only("ceil_mode", false);
        c.Meta.Only("count_include_pad", true);
        Run(c, x => x.AvgPool2d(c.Meta.Pair("kernel"), Stride(c), c.Meta.Pair("padding", 0)));
    }

    private static void MaxPool2d(VerifyCase c)
    {
        c.Meta.Only("ceil_mode", false);
        c.Meta.Only("dilation", 1);
        Run(c, x => x.MaxPool2d(c.Meta.Pair("kernel"), Stride(c), c.Meta.Pair("padding", 0)));
    }

    private static void BilinearResize(VerifyCase c)
    {
        var (height, width) = c.Meta.Pair("out");
        Run(c, x => x.ResizeBilinear(height, width, c.Meta.Flag("align_corners", false)));
    }

    // PyTorch's default: windows that do not overlap.
    private static (int H, int W) Stride(VerifyCase c) =>
        c.Meta.Has("stride") ? c.Meta.Pair("stride") : c.Meta.Pair("kernel");

    private static void Run(VerifyCase c, Func<Tensor, Tensor> operation) =>
        c.CheckBackward(operation(c.Leaf("x", Layout.ChannelsLast)), Layout.ChannelsLast);
}
