using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>How an input lies in memory.</summary>
public enum Layout
{
    /// <summary>Row-major, in memory of its own.</summary>
    Dense,

    /// <summary>Row-major, from an odd element of a larger piece of memory whose other elements are NaN (or large):
    /// whoever reads beside it shows.</summary>
    Window,

    /// <summary>Axes in another order than memory, every other element.</summary>
    Strided,
}

/// <summary>Puts numbers in memory.</summary>
public static class Layouts
{
    public static Tensor Make(this Layout layout, double[] values, Shape shape, DType dtype, Device device)
    {
        using var scope = Scope.Open();
        var dense = Tensor.From(values, shape).To(dtype).To(device);
        return scope.Keep(layout switch
        {
            Layout.Window => Window(dense),
            Layout.Strided => Strided(dense),
            _ => dense,
        });
    }

    private static Tensor Window(Tensor dense)
    {
        const int before = 13, after = 64;
        var flat = dense.Flatten();
        var whole = Tensor.Concat(0, Margin(before, dense), flat, Margin(after, dense));
        return whole.Window(dense.Shape, before);
    }

    private static Tensor Margin(long count, Tensor like) =>
        Tensor.Full([count], like.DType.IsFloating() ? double.NaN : 101, like.DType, like.Device);

    private static Tensor Strided(Tensor dense)
    {
        if (dense.Rank == 0) return dense;
        // Backwards in memory, with a gap behind every element.
        var order = Enumerable.Range(0, dense.Rank).Reverse().ToArray();
        var turned = dense.Permute(order).Contiguous().Unsqueeze(-1);
        var spread = Tensor.Concat(-1, turned, Tensor.Full(turned.Shape,
            dense.DType.IsFloating() ? double.NaN : 101, dense.DType, dense.Device));
        return spread.Select(-1, 0).Permute(order);
    }
}
