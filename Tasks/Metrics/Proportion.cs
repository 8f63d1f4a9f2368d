namespace Diffract.Tasks;

/// <summary>How many of a number of independent trials succeeded, and how sure that makes the share.</summary>
/// <param name="Successes">Trials that succeeded.</param>
/// <param name="Trials">Trials.</param>
public readonly record struct Proportion(long Successes, long Trials)
{
    // The 97.5 % quantile of the normal distribution: 95 % lie between -z and z.
    private const double Z = 1.959963984540054;

    /// <summary>The share that succeeded; NaN without trials.</summary>
    public double Value => (double)Successes / Trials;

    /// <summary>Lower end of the 95 % confidence interval after Wilson (1927), which stays inside [0, 1] and is right
    /// for few trials and for shares near 0 and 1 too; 0 without trials.</summary>
    public double Low => Successes == 0 ? 0 : Interval(Value, Trials).Low;

    /// <summary>Upper end of the same interval; 1 without trials.</summary>
    public double High => Successes == Trials ? 1 : Interval(Value, Trials).High;

    /// <summary>The interval of a share that need not be a whole number of the trials, such as a mean.</summary>
    /// <param name="share">The share, 0 to 1.</param>
    /// <param name="trials">Trials, above 0.</param>
    public static (double Low, double High) Interval(double share, double trials)
    {
        var spread = Z * Z / trials;
        var centre = (share + spread / 2) / (1 + spread);
        var half = Math.Sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread);
        return (Math.Max(0, centre - half), Math.Min(1, centre + half));
    }

    /// <summary>Both counts added.</summary>
    public static Proportion operator +(Proportion left, Proportion right) =>
        new(left.Successes + right.Successes, left.Trials + right.Trials);

    /// <summary>"81.3 % (78.7 to 83.6), 813 of 1000".</summary>
    public override string ToString() => Trials == 0
        ? "no trials"
        : $"{100 * Value:0.0} % ({100 * Low:0.0} to {100 * High:0.0}), {Successes} of {Trials}";
}
