using System.Text.RegularExpressions;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Sampling and training with a network, and the sampler of timesteps.</summary>
internal static partial class DiffusionLoopKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["sampling_loop"] = Sampling,
        ["train_steps"] = Training,
        ["loss_second_moment"] = LossSecondMoment,
    };

    /// <summary>Losses by their names in the original code.</summary>
    public static IReadOnlyDictionary<string, LossType> LossTypes { get; } = new Dictionary<string, LossType>
    {
        ["MSE"] = LossType.Mse,
        ["RESCALED_MSE"] = LossType.RescaledMse,
        ["KL"] = LossType.Kl,
        ["RESCALED_KL"] = LossType.RescaledKl,
    };

    private static void Sampling(VerifyCase c)
    {
        using var network = NetworkKinds.LoadUNet(c, c.Meta.Text("model"));
        var labels = NetworkKinds.Labels(c);
        Denoiser model = (x, steps) => network.Forward(x, steps, labels);
        var options = new SamplingOptions { ClipDenoised = c.Meta.Flag("clip_denoised", true) };
        var start = c.Input("x_T", Layout.ChannelsLast);
        StepNoise noise = (step, _) => c.Slice("step_noise", step, Layout.ChannelsLast);

        var ancestral = new DdpmSampler(Diffusion(c, network, "respacing_ddpm"), options);
        foreach (var step in ancestral.Steps(model, start, noise))
        {
            if (step.Done == 1 && c.Has("ddpm_after_first_step"))
                c.Check("ddpm_after_first_step", step.Sample, Layout.ChannelsLast);
            if (step.Done < step.Total) continue;
            c.Check("ddpm_final", step.Sample, Layout.ChannelsLast);
            if (c.Has("ddpm_final_pred_xstart")) c.Check("ddpm_final_pred_xstart", step.Start, Layout.ChannelsLast);
        }
        if (!c.Has("ddim_final")) return;
        var sampler = new DdimSampler(Diffusion(c, network, "respacing_ddim"), c.Meta.Number("eta", 0), options);
        var final = sampler.Sample(model, start, noise);
        c.Check("ddim_final", final, Layout.ChannelsLast);
        if (c.Has("uint8_ddim_final")) c.Check("uint8_ddim_final", ImageBytes.From(final), Layout.ChannelsLast);
    }

    private static void Training(VerifyCase c)
    {
        using var network = NetworkKinds.LoadUNet(c, c.Meta.Text("model"));
        network.Train();
        var parameters = network.NamedParameters().ToArray();
        var byName = parameters.ToDictionary(p => p.Name, p => p.Parameter);
        var diffusion = Diffusion(c, network, "respacing");
        using var optimizer = OptimKinds.Make(c.Meta, [.. parameters.Select(p => p.Parameter)]);
        var rate = c.Meta.Number("ema_rate", 0.9999);
        using var ema = new Ema(parameters, rate);
        var (losses, norms) = (new List<double>(), new List<double>());
        var (all, batch) = (c.Integers("t"), c.Data["t"].Shape.Int(1));
        for (var step = 0; step < c.Data["x0"].Shape[0]; step++)
        {
            using var scope = Scope.Open();
            var t = Array.ConvertAll(all[(step * batch)..((step + 1) * batch)], s => (int)s);
            var labels = NetworkKinds.Labels(c, step);
            var loss = diffusion.TrainingLosses((x, steps) => network.Forward(x, steps, labels),
                c.Slice("x0", step, Layout.ChannelsLast), t, c.Slice("noise", step, Layout.ChannelsLast)).Loss;
            losses.AddRange(Elements.Doubles(loss.Detach()));
            network.ZeroGrad();
            loss.Mean().Backward();
            norms.Add(ClipGrad.TotalNorm(byName.Values));
            CheckStepGradients(c, byName, step + 1);
            optimizer.Step();
            ema.Update();
        }
        c.Check("loss_per_sample", losses.ToArray());
        c.Check("grad_l2_norm", norms.ToArray());
        CheckAll(c, "param_after.", byName);
        CheckAll(c, "ema_after.", ema.Averages(rate).ToDictionary(p => p.Name, p => p.Tensor));
    }

    private static void CheckStepGradients(VerifyCase c, IReadOnlyDictionary<string, Tensor> parameters, int step)
    {
        foreach (var name in c.Names.ToArray())
        {
            if (StepGradient().Match(name) is not { Success: true } match || match.Groups[1].Value != $"{step}")
                continue;
            if (parameters.TryGetValue(match.Groups[2].Value, out var parameter)) c.CheckGradient(name, parameter);
            else c.Fail(name, "the network has no such parameter");
        }
    }

    private static void CheckAll(VerifyCase c, string prefix, Dictionary<string, Tensor> tensors)
    {
        foreach (var name in c.Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).ToArray())
        {
            if (tensors.TryGetValue(name[prefix.Length..], out var tensor)) c.Check(name, tensor);
            else c.Fail(name, "the network has no such parameter");
        }
    }

    private static void LossSecondMoment(VerifyCase c)
    {
        using var sampler = new LossSecondMomentSampler(c.Meta.Int("T"), c.Meta.Int("history_per_term", 10),
            c.Meta.Number("uniform_prob", 0.001));
        var t = Array.ConvertAll(c.Integers("t"), step => (int)step);
        var losses = c.Doubles("loss");
        var batch = c.Data["t"].Shape.Int(1);
        var after = new List<double>();
        for (var i = 0; i < t.Length; i += batch)
        {
            sampler.Update(t[i..(i + batch)], losses[i..(i + batch)]);
            after.AddRange(sampler.Weights());
        }
        c.Check("weights_after", after.ToArray());
        if (c.Has("importance_weight")) c.Check("importance_weight", sampler.ImportanceWeights());
    }

    /// <summary>The process of a fixture. A network with twice its input's channels says something of the variance too;
    /// the original code's default for the others is the large fixed one.</summary>
    private static GaussianDiffusion Diffusion(VerifyCase c, UNet network, string respacing)
    {
        var learns = network.Config.OutChannels == 2 * network.Config.InChannels;
        return new GaussianDiffusion(
            DiffusionKinds.ScheduleOf(c.Meta, respacing),
            c.Meta.Flag("predict_xstart", false) ? MeanType.StartX : MeanType.Epsilon,
            learns ? VarianceType.LearnedRange
                : c.Meta.Flag("sigma_small", false) ? VarianceType.FixedSmall : VarianceType.FixedLarge,
            LossTypes.TryGetValue(c.Meta.Text("loss", "MSE"), out var loss)
                ? loss
                : throw new VerifyException($"there is no loss {c.Meta.Text("loss")}"),
            c.Meta.Flag("rescale_timesteps", false));
    }

    [GeneratedRegex(@"^grad_step(\d{1,6})\.(.+)$")]
    private static partial Regex StepGradient();
}
