using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Compares an operation's backward with central differences of its forward, in float64.
/// <code>GradCheck.Run(x => x[0].Silu(), Tensor.Randn([3, 5], generator).To(DType.Float64));</code></summary>
public static class GradCheck
{
    /// <summary>Checks every element of every floating-point input. The result is projected on fixed numbers, so that
    /// one backward is compared with two forwards an element.</summary>
    /// <param name="function">From the inputs to one floating-point result of any shape.</param>
    /// <param name="inputs">Float64 tensors, and integers that are passed as they are.</param>
    /// <param name="step">Half the distance of the two forwards.</param>
    /// <param name="relative">Allowed difference relative to the larger of the two derivatives.</param>
    /// <param name="absolute">Allowed difference beside it.</param>
    /// <exception cref="GradCheckException">A derivative differs, or the backward gives other bits the second time.
    /// </exception>
    public static void Run(Func<Tensor[], Tensor> function, Tensor[] inputs, double step = 1e-5,
        double relative = 1e-5, double absolute = 1e-7)
    {
        using var scope = Scope.Open();
        var leaves = Leaves(inputs);
        var analytic = Analytic(function, leaves, out var weights);
        if (!Same(analytic, Analytic(function, Leaves(inputs), out _)))
            throw new GradCheckException("the backward gave other bits when it ran a second time");
        for (var i = 0; i < leaves.Length; i++)
        {
            if (analytic[i] is not { } expected) continue;
            var values = leaves[i].AsSpan<double>();
            for (var e = 0; e < expected.Length; e++)
            {
                var centre = values[e];
                values[e] = centre + step;
                var above = Project(function, leaves, weights);
                values[e] = centre - step;
                var below = Project(function, leaves, weights);
                values[e] = centre;
                var numeric = (above - below) / (2 * step);
                var allowed = absolute + relative * Math.Max(Math.Abs(numeric), Math.Abs(expected[e]));
                if (!(Math.Abs(numeric - expected[e]) <= allowed))
                    throw new GradCheckException($"input {i} {leaves[i].Shape}, element {e}: backward says "
                        + $"{expected[e]:g9}, differences say {numeric:g9} (allowed difference {allowed:g3})");
            }
        }
    }

    /// <summary>Checks a function of one input.</summary>
    /// <inheritdoc cref="Run(Func{Tensor[], Tensor}, Tensor[], double, double, double)"/>
    public static void Run(Func<Tensor, Tensor> function, Tensor input, double step = 1e-5, double relative = 1e-5,
        double absolute = 1e-7) => Run(x => function(x[0]), [input], step, relative, absolute);

    private static Tensor[] Leaves(Tensor[] inputs)
    {
        var leaves = new Tensor[inputs.Length];
        for (var i = 0; i < inputs.Length; i++)
        {
            if (inputs[i].DType.IsFloating() && inputs[i].DType != DType.Float64)
                throw new DTypeException($"GradCheck: input {i} is {inputs[i].DType}; differences need Float64");
            using (GradMode.No()) leaves[i] = inputs[i].Detach().Clone();
            if (inputs[i].DType.IsFloating()) leaves[i].RequiresGrad = true;
        }
        return leaves;
    }

    private static double[]?[] Analytic(Func<Tensor[], Tensor> function, Tensor[] leaves, out double[] weights)
    {
        var result = function(leaves);
        weights = new double[result.Count];
        // Any fixed numbers without a pattern: the fractional parts of multiples of the golden ratio.
        for (var i = 0; i < weights.Length; i++) weights[i] = 0.25 + (i + 1) * 0.6180339887498949 % 1;
        using (var seed = Tensor.From(weights, result.Shape)) result.Backward(seed);
        var gradients = new double[]?[leaves.Length];
        for (var i = 0; i < leaves.Length; i++)
            if (leaves[i].RequiresGrad)
                gradients[i] = leaves[i].Grad?.ToArray<double>() ?? new double[leaves[i].Count];
        return gradients;
    }

    private static double Project(Func<Tensor[], Tensor> function, Tensor[] leaves, double[] weights)
    {
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var values = function(leaves).ToArray<double>();
        double sum = 0;
        for (var i = 0; i < values.Length; i++) sum += values[i] * weights[i];
        return sum;
    }

    private static bool Same(double[]?[] first, double[]?[] second) =>
        first.Zip(second).All(p => p.First is null || p.First.AsSpan().SequenceEqual(p.Second));
}

/// <summary>A backward that is not the derivative of its forward.</summary>
public sealed class GradCheckException(string message) : DiffractException(message);
