using Diffract.Autograd;

namespace Diffract.Tasks;

/// <summary>Convolutions and the linear map.</summary>
internal static class ConvKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["conv2d"] = Conv2d,
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

    private static void ConvTranspose2d(VerifyCase c)
    {
        c.Meta.Only("dilation", 1);
        var x = c.Leaf("x", Layout.ChannelsLast);
        var y = x.ConvTranspose2d(c.Leaf("w"), c.OptionalLeaf("b"), c.Meta.Pair("stride", 1), c.Meta.Pair("padding", 0),
            c.Meta.Pair("output_padding", 0), c.Meta.Int("groups", 1));
        c.CheckBackward(y, Layout.ChannelsLast);
    }

    private static void Linear(VerifyCase c) =>
        c.CheckBackward(c.Leaf("x").Linear(c.Leaf("w"), c.OptionalLeaf("b")));
}
