using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Mixed precision: inside a section, products (convolutions, linear layers, matrix products, attention) take
/// their inputs rounded to a 16-bit type and give results of it, while parameters, their gradients and the optimiser
/// stay in float32. What an operation does is its own <see cref="Op.CastRule"/>.
/// <code>
/// using (Autocast.Use(DType.BFloat16)) loss = network.Forward(x).CrossEntropy(labels);
/// loss.Backward();
/// optimizer.Step();
/// </code>
/// Float16 needs a <see cref="LossScaler"/> beside it, BFloat16 does not. Weights that are not trained are rounded once
/// and kept so.</summary>
/// <remarks>As PyTorch's <c>autocast</c>, except that norms give results of their input's type: they calculate in
/// float32 whatever it is. Backward runs in the types of the forward, inside a section or not.</remarks>
public static class Autocast
{
    // Ambient for the same reason as Engine.Scope: operators have no argument to carry it.
    [ThreadStatic]
    private static DType? current;

    /// <summary>The 16-bit type of this thread's products; null outside every section.</summary>
    public static DType? Current => current;

    /// <summary>Rounds this thread's products to a 16-bit type until the result is disposed; leaves types as they are
    /// where that is null.</summary>
    /// <exception cref="DTypeException">Not a 16-bit float.</exception>
    public static Section Use(DType? dtype) => dtype is null || dtype.Value.IsHalf()
        ? new(dtype)
        : throw new DTypeException($"Autocast takes Float16 or BFloat16, found {dtype}");

    /// <summary>Leaves types as they are, inside a section that does not, until the result is disposed.</summary>
    public static Section Off() => new(null);

    /// <summary>A section of code in mixed precision or not; ends with <see cref="Dispose"/>.</summary>
    public readonly ref struct Section
    {
        private readonly DType? before;

        internal Section(DType? dtype)
        {
            before = current;
            current = dtype;
        }

        /// <summary>Restores what was before.</summary>
        public void Dispose() => current = before;
    }

    /// <summary>True when a rule changes the type of one of these inputs.</summary>
    internal static bool Changes(CastRule rule, ReadOnlySpan<Tensor?> inputs)
    {
        if (current is not { } half || rule == CastRule.Follow) return false;
        var changes = false;
        foreach (var input in inputs)
        {
            // Who calculates in double precision wants every digit.
            if (input?.DType == DType.Float64) return false;
            changes |= MustChange(input, Wanted(rule, half));
        }
        return changes;
    }

    /// <summary>The inputs in the types that a rule wants, made in the caller's scope; a layer's weight and bias as
    /// they are.</summary>
    internal static Tensor?[] Inputs(CastRule rule, ReadOnlySpan<Tensor?> inputs)
    {
        var wanted = Wanted(rule, current!.Value);
        var cast = inputs.ToArray();
        for (var i = 0; i < cast.Length; i++)
            if (!IsParameter(rule, i) && MustChange(cast[i], wanted)) cast[i] = cast[i]!.To(wanted);
        return cast;
    }

    /// <summary>Rounds a layer's weight and bias among its inputs, for an operation that does not do it on its way.
    /// </summary>
    internal static void RoundParameters(CastRule rule, Tensor?[] inputs)
    {
        var wanted = Wanted(rule, current!.Value);
        for (var i = 0; i < inputs.Length; i++)
            if (IsParameter(rule, i) && MustChange(inputs[i], wanted)) inputs[i] = Parameter(inputs[i]!, wanted);
    }

    private static bool IsParameter(CastRule rule, int input) => rule == CastRule.Layer && input is 1 or 2;

    private static bool MustChange(Tensor? input, DType wanted) =>
        input is not null && input.DType.IsFloating() && input.DType != wanted;

    private static DType Wanted(CastRule rule, DType half) => rule == CastRule.Single ? DType.Float32 : half;

    private static Tensor Parameter(Tensor parameter, DType half)
    {
        var trained = parameter.RequiresGrad && (GradMode.IsEnabled || GradMode.WillRunAgain);
        if (trained) PackedWeights.Drop(parameter);
        if (trained || parameter.Storage.IsTransient || !parameter.IsContiguous) return parameter.To(half);
        using var kept = PackedWeights.Rounded(parameter, half);
        return kept.As(parameter.Shape, half);
    }
}
