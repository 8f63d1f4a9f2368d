using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Noise schedules.</summary>
internal static class DiffusionKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new() { ["noise_schedule"] = Schedule };

    /// <summary>The schedule that a fixture's settings describe.</summary>
    public static NoiseSchedule ScheduleOf(Meta meta, string respacing = "respacing") =>
        NoiseSchedule.Named(meta.Text("schedule", "linear"), meta.Int("T", 1000)).Respace(meta.Text(respacing, ""));

    private static void Schedule(VerifyCase c)
    {
        var schedule = ScheduleOf(c.Meta);
        foreach (var name in c.Names)
        {
            if (name == "timestep_map") c.Check(name, Array.ConvertAll(schedule.TimestepMap.ToArray(), t => (long)t));
            else c.Check(name, TableOf(schedule, name));
        }
    }

    private static ReadOnlySpan<double> TableOf(NoiseSchedule schedule, string name) => name switch
    {
        "betas" => schedule.Betas,
        "alphas_cumprod" => schedule.AlphasCumprod,
        "alphas_cumprod_prev" => schedule.AlphasCumprodPrev,
        "alphas_cumprod_next" => schedule.AlphasCumprodNext,
        "sqrt_alphas_cumprod" => schedule.SqrtAlphasCumprod,
        "sqrt_one_minus_alphas_cumprod" => schedule.SqrtOneMinusAlphasCumprod,
        "log_one_minus_alphas_cumprod" => schedule.LogOneMinusAlphasCumprod,
        "sqrt_recip_alphas_cumprod" => schedule.SqrtRecipAlphasCumprod,
        "sqrt_recipm1_alphas_cumprod" => schedule.SqrtRecipm1AlphasCumprod,
        "posterior_variance" => schedule.PosteriorVariance,
        "posterior_log_variance_clipped" => schedule.PosteriorLogVarianceClipped,
        "posterior_mean_coef1" => schedule.PosteriorMeanCoef1,
        "posterior_mean_coef2" => schedule.PosteriorMeanCoef2,
        _ => throw new VerifyException($"{name}: there is no such table of a noise schedule"),
    };
}
