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
        using var scope = Scope.Open();
        double total = 0;
        foreach (var set in Sets(parameters))
        {
            var squares = Tensor.Empty([set.Count], DType.Float64, set[0].Device);
            var each = set.Select((x, i) => new SumSquaresArgs(x.View, squares.Slice(0, i, 1).View));
            Run(SumSquares.Kernel, SumSquares.Together, set, [.. each]);
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
        ByKnownNorm(all, norm, maxNorm);
        return norm;
    }

    /// <summary>As <see cref="ByNorm"/>, where the total length is known: nothing is waited for.</summary>
    /// <param name="parameters">The parameters whose gradients change.</param>
    /// <param name="norm">What <see cref="TotalNorm"/> gave for them.</param>
    /// <param name="maxNorm">Largest length allowed.</param>
    public static void ByKnownNorm(IEnumerable<Tensor> parameters, double norm, double maxNorm)
    {
        var factor = maxNorm / (norm + 1e-6);
        if (!(factor >= 1)) Multiply(parameters, factor);
    }

    /// <summary>Limits every element of every gradient to -<paramref name="clipValue"/> … clipValue, as PyTorch's
    /// <c>clip_grad_value_</c>.</summary>
    public static void ByValue(IEnumerable<Tensor> parameters, double clipValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(clipValue);
        foreach (var set in Sets(parameters))
            Change(Clip.Kernel, Clip.Together, set, [.. set.Select(x => new ClipArgs(clipValue, x.View))]);
    }

    /// <summary>Multiplies every gradient.</summary>
    internal static void Multiply(IEnumerable<Tensor> parameters, double factor)
    {
        foreach (var set in Sets(parameters))
            Change(Scale.Kernel, Scale.Together, set, [.. set.Select(x => new ScaleArgs(factor, x.View))]);
    }

    private static void Change<TArgs>(
        Kernel<TArgs> kernel, Kernel<Many<TArgs>> together, List<Tensor> set, TArgs[] args) where TArgs : struct
    {
        Run(kernel, together, set, args);
        foreach (var gradient in set) gradient.Storage.MarkChanged();
    }

    // All at once where the device can. Gradients move from step to step: a table of them is not worth keeping.
    private static void Run<TArgs>(
        Kernel<TArgs> kernel, Kernel<Many<TArgs>> together, List<Tensor> set, TArgs[] args) where TArgs : struct
    {
        var (device, dtype) = (set[0].Device, set[0].DType);
        if (together.Takes(device, dtype))
        {
            using var table = new StretchTable();
            together.Run(device, dtype, new(args, table));
        }
        else foreach (var one in args) kernel.Run(device, dtype, one);
    }

    // Gradients of one device and type, in the order of the parameters.
    private static IEnumerable<List<Tensor>> Sets(IEnumerable<Tensor> parameters) =>
        parameters.Select(p => p.Grad).OfType<Tensor>().GroupBy(g => (g.Device, g.DType)).Select(set => set.ToList());
}
