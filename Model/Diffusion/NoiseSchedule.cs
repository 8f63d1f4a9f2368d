namespace Diffract.Model;

/// <summary>How much noise each step of a diffusion adds, and every coefficient that follows from it, as float64 tables
/// indexed by step (Ho et al. 2020, "Denoising diffusion probabilistic models"; Nichol and Dhariwal 2021, "Improved
/// denoising diffusion probabilistic models"). A value is rounded to a batch's type only when it is looked up.
/// </summary>
/// <remarks>Step 0 is the first that adds noise. abar is the running product of alpha = 1 - beta.</remarks>
public sealed partial class NoiseSchedule
{
    private const int ReferenceSteps = 1000;
    private const string LogSnr = "logsnr";

    // log(alpha / sigma) of what counts as pure noise: about where the linear schedule ends. The cosine schedule goes
    // on to -11 in its last steps, where there is nothing to see, and a solver's step would be as long as all others.
    private const double NoSignal = -5.1;

    private NoiseSchedule(double[] betas, int[] timesteps, int originalSteps)
    {
        (this.betas, this.timesteps, OriginalSteps) = (betas, timesteps, originalSteps);
        Fill();
    }

    /// <summary>Number of steps.</summary>
    public int Steps => betas.Length;

    /// <summary>Number of steps of the process that the network was trained on; larger than <see cref="Steps"/> after
    /// <see cref="Respace"/>.</summary>
    public int OriginalSteps { get; }

    /// <summary>Betas along a straight line from 1e-4 to 0.02 at 1000 steps, scaled to other numbers so that the whole
    /// process adds the same noise (Ho et al. 2020). Fewer than 20 steps would need betas above 1: respace a longer
    /// process instead.</summary>
    public static NoiseSchedule Linear(int steps = ReferenceSteps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        var scale = (double)ReferenceSteps / steps;
        double first = scale * 1e-4, last = scale * 0.02;
        var betas = new double[steps];
        var gap = steps > 1 ? (last - first) / (steps - 1) : 0;
        for (var i = 0; i < steps; i++) betas[i] = first + i * gap;
        if (steps > 1) betas[^1] = last;
        return FromBetas(betas);
    }

    /// <summary>abar(u) = cos^2((u + 0.008) / 1.008 * pi / 2) at u = t / steps, betas at most 0.999 (Nichol and
    /// Dhariwal 2021, eq. 17).</summary>
    public static NoiseSchedule Cosine(int steps = ReferenceSteps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        static double Remaining(double u)
        {
            var cosine = Math.Cos((u + 0.008) / 1.008 * Math.PI / 2);
            return cosine * cosine;
        }
        var betas = new double[steps];
        for (var i = 0; i < steps; i++)
            betas[i] = Math.Min(1 - Remaining((i + 1.0) / steps) / Remaining((double)i / steps), 0.999);
        return FromBetas(betas);
    }

    /// <summary>The schedule that a configuration names: <c>linear</c> or <c>cosine</c>.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static NoiseSchedule Named(string name, int steps = ReferenceSteps) => name switch
    {
        "linear" => Linear(steps),
        "cosine" => Cosine(steps),
        _ => throw new ArgumentException($"there is no noise schedule '{name}'; use linear or cosine", nameof(name)),
    };

    /// <summary>A schedule from its betas, each above 0 and at most 1.</summary>
    public static NoiseSchedule FromBetas(ReadOnlySpan<double> betas) =>
        new(betas.ToArray(), [.. Enumerable.Range(0, betas.Length)], betas.Length);

    /// <summary>Fewer steps of the same process.</summary>
    /// <param name="respacing">The notation of <see cref="Respacing.Parse"/>; or "logsnrN": N steps that are even in
    /// the logarithm of the signal-to-noise ratio, as <see cref="DpmSolverSampler"/> likes them.</param>
    /// <exception cref="ArgumentException">The text is none of these, or asks for more steps than there are.
    /// </exception>
    public NoiseSchedule Respace(string respacing) => respacing.Trim() is var text
        && text.StartsWith(LogSnr, StringComparison.Ordinal)
        ? Keep(EvenInLogSnr(Respacing.Count(text[LogSnr.Length..], respacing)))
        : Keep(Respacing.Parse(respacing, Steps));

    /// <summary>The process at some of its steps only: the new betas lead from one kept abar to the next.</summary>
    /// <param name="steps">Steps to keep, in any order.</param>
    /// <exception cref="ArgumentException">There is none, or one that does not exist.</exception>
    public NoiseSchedule Keep(IEnumerable<int> steps)
    {
        var kept = new SortedSet<int>(steps);
        if (kept.Count == 0 || kept.Min < 0 || kept.Max >= Steps)
            throw new ArgumentException(
                $"the steps to keep must be among 0 … {Steps - 1}, at least one", nameof(steps));
        var shorter = new List<double>();
        double before = 1;
        foreach (var step in kept)
        {
            shorter.Add(1 - alphasCumprod[step] / before);
            before = alphasCumprod[step];
        }
        return new NoiseSchedule([.. shorter], [.. kept.Select(step => timesteps[step])], OriginalSteps);
    }

    private int[] EvenInLogSnr(int count)
    {
        double LogRatio(int t) => 0.5 * Math.Log(alphasCumprod[t] / (1 - alphasCumprod[t]));
        var last = Steps - 1;
        while (last > 0 && LogRatio(last) < NoSignal) last--;
        if (count > last + 1)
            throw new ArgumentException($"{last + 1} steps have a signal, {count} cannot be taken of them");
        if (count == 1) return [last];
        var (high, low) = (LogRatio(0), LogRatio(last));
        var taken = new int[count];
        for (int i = 1, t = 0; i < count; i++)
        {
            var wanted = high + (low - high) * i / (count - 1);
            while (t < last && Math.Abs(LogRatio(t + 1) - wanted) <= Math.Abs(LogRatio(t) - wanted)) t++;
            // The first steps lie further apart than the even ones would, and the last ones must have room.
            taken[i] = Math.Clamp(t, taken[i - 1] + 1, last - (count - 1 - i));
        }
        return taken;
    }
}
