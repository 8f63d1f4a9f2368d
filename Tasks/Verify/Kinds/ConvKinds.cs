using Diffract.Autograd;

namespace Diffract.Tasks;

/// <summary>Convolutions and the linear map.</summary>
internal static class ConvKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["conv2d"] = Conv2d,
        ["conv1d"] = Conv1d,
        ["conv_transpose2d"] = ConvTranspose2d,
        ["linear"] = Linear,
    };

    private static void Conv2d(VerifyCase c)
    {
        var x = c.Leaf("x", Layout.ChannelsLast);
        var y = x.Conv2d(c.Leaf("w"), c.OptionalLeaf("b"), c.Meta.Pair("stride", 1), c.Meta.Pair("padding", 0),
            c.Meta.Pair("dilation", 1), c.Meta.Int("groups", 1));
        c.CheckBackward(y, Layout.ChannelsLast);
    }

    /// <summary>A convolution along one axis is one of images of height 1, as the attention block runs it.</summary>
    private static void Conv1d(VerifyCase c)
    {
        var x = c.Leaf("x", Layout.ChannelsLast);
        var w = c.Leaf("w");
        var image = x.Reshape([x.Shape[0], 1, x.Shape[1], x.Shape[2]]);
        var kernel = w.Reshape([w.Shape[0], w.Shape[1], 1, w.Shape[2]]);
        var y = image.Conv2d(kernel, c.OptionalLeaf("b"), (1, c.Meta.Int("stride", 1)), (0, c.Meta.Int("padding", 0)),
            (1, c.Meta.Int("dilation", 1)), c.Meta.Int("groups", 1));
        c.CheckBackward(y.Reshape([y.Shape[0], y.Shape[2], y.Shape[3]]), Layout.ChannelsLast);
    }

    private static void ConvTranspose2d(VerifyCase c)
    {
        var x = c.Leaf("x", Layout.ChannelsLast);
        var y = x.ConvTranspose2d(c.Leaf("w"), c.OptionalLeaf("b"), c.Meta.Pair("stride", 1), c.Meta.Pair("padding", 0),
            c.Meta.Pair("output_padding", 0), c.Meta.Int("groups", 1), c.Meta.Pair("dilation", 1));
        c.CheckBackward(y, Layout.ChannelsLast);
    }

    private static void Linear(VerifyCase c) =>
        c.CheckBackward(c.Leaf("x").Linear(c.Leaf("w"), c.OptionalLeaf("b")));
}
