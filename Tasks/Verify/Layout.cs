using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>How a tensor of a fixture lies in memory here. Fixtures keep PyTorch's order of axes.</summary>
internal enum Layout
{
    /// <summary>The same: parameters, tokens, anything without an image in it.</summary>
    AsStored,

    /// <summary>Channels are axis 1 in the file and the last axis here: [N, C, H, W] and [N, H, W, C], [N, C, T] and
    /// [N, T, C].</summary>
    ChannelsLast,
}

/// <summary>Moves between the two orders of axes, without the operations that are being verified.</summary>
internal static class Layouts
{
    /// <summary>From the file's order to the one here, in memory of its own.</summary>
    public static Tensor FromStored(Tensor stored, Layout layout)
    {
        if (layout == Layout.AsStored || stored.Rank < 3) return stored.Clone();
        return Reordered(stored, [0, .. Enumerable.Range(2, stored.Rank - 2), 1]);
    }

    /// <summary>Back to the file's order.</summary>
    public static Tensor ToStored(Tensor inner, Layout layout)
    {
        if (layout == Layout.AsStored || inner.Rank < 3) return inner;
        return Reordered(inner, [0, inner.Rank - 1, .. Enumerable.Range(1, inner.Rank - 2)]);
    }

    private static Tensor Reordered(Tensor x, int[] axes)
    {
        var shape = Shape.Of([.. axes.Select(a => x.Shape[a])]);
        using var no = GradMode.No();
        return x.Window(shape, x.Offset, [.. axes.Select(a => x.Strides[a])]).Clone();
    }
}
