using System.Text.Json;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tests.Model.Diffusion;

/// <summary>What the settings and names of the diffusion fixtures mean.</summary>
internal static class DiffusionFixtures
{
    public static NoiseSchedule Schedule(JsonElement meta, string respacing = "respacing") =>
        NoiseSchedule.Named(meta.GetProperty("schedule").GetString()!, meta.GetProperty("T").GetInt32())
            .Respace(meta.GetProperty(respacing).GetString()!);

    public static double[] Table(NoiseSchedule schedule, string name) => name switch
    {
        "betas" => schedule.Betas.ToArray(),
        "alphas_cumprod" => schedule.AlphasCumprod.ToArray(),
        "alphas_cumprod_prev" => schedule.AlphasCumprodPrev.ToArray(),
        "alphas_cumprod_next" => schedule.AlphasCumprodNext.ToArray(),
        "sqrt_alphas_cumprod" => schedule.SqrtAlphasCumprod.ToArray(),
        "sqrt_one_minus_alphas_cumprod" => schedule.SqrtOneMinusAlphasCumprod.ToArray(),
        "log_one_minus_alphas_cumprod" => schedule.LogOneMinusAlphasCumprod.ToArray(),
        "sqrt_recip_alphas_cumprod" => schedule.SqrtRecipAlphasCumprod.ToArray(),
        "sqrt_recipm1_alphas_cumprod" => schedule.SqrtRecipm1AlphasCumprod.ToArray(),
        "posterior_variance" => schedule.PosteriorVariance.ToArray(),
        "posterior_log_variance_clipped" => schedule.PosteriorLogVarianceClipped.ToArray(),
        "posterior_mean_coef1" => schedule.PosteriorMeanCoef1.ToArray(),
        "posterior_mean_coef2" => schedule.PosteriorMeanCoef2.ToArray(),
        "timestep_map" => Array.ConvertAll(schedule.TimestepMap.ToArray(), t => (double)t),
        _ => throw new NotSupportedException(name),
    };

    public static LossType Loss(string name) => name switch
    {
        "MSE" => LossType.Mse,
        "RESCALED_MSE" => LossType.RescaledMse,
        "KL" => LossType.Kl,
        "RESCALED_KL" => LossType.RescaledKl,
        _ => throw new NotSupportedException(name),
    };

    public static int[] Steps(Tensor t) => Array.ConvertAll(t.ToArray<long>(), step => (int)step);

    /// <summary>Spreads what all elements of a sample share over the sample.</summary>
    public static Tensor Full(Tensor x, Tensor like) => x.Broadcast(like.Shape).Contiguous();
}
