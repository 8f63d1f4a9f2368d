using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Limits gradients before a step, so that one bad batch cannot throw the parameters away.</summary>
public static class ClipGrad
{
    /// <summary>The Euclidean length of all gradients as one vector, added up in float64 parameter by parameter;
    /// parameters without a gradient count as 0.</summary>
    public static double TotalNorm(IEnumerable<Tensor> parameters)
    {
        using var no = GradMode.No();
        double total = 0;
        foreach (var group in Gradients(parameters).GroupBy(gradient => gradient.Device))
        {
            using var scope = Scope.Open();
            var gradients = group.ToList();
            // One number each, read together: a device is waited for once and not once a parameter.
            var squares = Tensor.Empty([gradients.Count], DType.Float64, group.Key);
            for (var i = 0; i < gradients.Count; i++)
                SumSquares.Kernel.Run(group.Key, gradients[i].DType,
                    new SumSquaresArgs(gradients[i].View, squares.Window([1], i).View));
            foreach (var square in squares.ToArray<double>()) total += square;
        }
        return Math.Sqrt(total);
    }

    /// <summary>Shrinks all gradients by the same factor when their total length exceeds <paramref name="maxNorm"/>,
    /// as PyTorch's <c>clip_grad_norm_</c>: the factor is min(1, maxNorm / (length + 1e-6)).</summary>
    /// <param name="parameters">The parameters whose gradients count and change.</param>
    /// <param name="maxNorm">Largest length allowed.</param>
    /// <param name="errorIfNonFinite">Throws instead of spreading an infinity or a NaN to all gradients.</param>
    /// <returns>The length before.</returns>
    public static double ByNorm(IEnumerable<Tensor> parameters, double maxNorm, bool errorIfNonFinite = false)
    {
        var all = parameters.ToList();
        var norm = TotalNorm(all);
        if (errorIfNonFinite && !double.IsFinite(norm))
            throw new AnomalyException($"the total norm of the gradients is {norm}; "
                + "run the step inside Anomaly.Detect() to find where it comes from");
        var factor = maxNorm / (norm + 1e-6);
        if (!(factor >= 1)) Multiply(all, factor);
        return norm;
    }

    /// <summary>Limits every element of every gradient to -<paramref name="clipValue"/> … clipValue, as PyTorch's
    /// <c>clip_grad_value_</c>.</summary>
    public static void ByValue(IEnumerable<Tensor> parameters, double clipValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(clipValue);
        foreach (var gradient in Gradients(parameters)) InPlace.Limit(gradient, clipValue);
    }

    /// <summary>Multiplies every gradient.</summary>
    internal static void Multiply(IEnumerable<Tensor> parameters, double factor)
    {
        foreach (var gradient in Gradients(parameters)) InPlace.Multiply(gradient, factor);
    }

    private static IEnumerable<Tensor> Gradients(IEnumerable<Tensor> parameters) =>
        parameters.Select(p => p.Grad).OfType<Tensor>();
}
