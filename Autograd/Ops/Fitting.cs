using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Broadcasting of shapes, and its reverse for gradients.</summary>
internal static class Fitting
{
    /// <summary>The shape that operands fill together.</summary>
    /// <exception cref="ShapeException">Lengths of an axis differ and none is 1.</exception>
    public static Shape Fit(string op, Shape a, Shape b) => Broadcast.TryFit(a, b, out var result)
        ? result
        : throw new ShapeException($"{op}: shapes {a} and {b} do not fit together; counted from the last, two lengths "
            + "of an axis must be equal or one of them 1");

    /// <summary>Adds up a gradient over the axes along which its operand was stretched.</summary>
    public static Tensor SumTo(this Tensor gradient, Shape shape)
    {
        if (gradient.Shape == shape) return gradient;
        var extra = gradient.Rank - shape.Rank;
        var axes = new List<int>();
        for (var i = 0; i < gradient.Rank; i++)
            if (i < extra || (shape[i - extra] == 1 && gradient.Shape[i] != 1)) axes.Add(i);
        return gradient.Sum([.. axes], keepDim: true).Reshape(shape);
    }
}
