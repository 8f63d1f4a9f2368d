using System.Globalization;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Single steps of a diffusion, with a stored output in the place of the network's.</summary>
internal static class DiffusionStepKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["diffusion_steps"] = c => new Steps(c).Run(),
    };

    private sealed class Steps
    {
        private readonly VerifyCase c;
        private readonly NoiseSchedule schedule;
        private readonly Tensor x0, noise, output;
        private readonly Tensor x;
        private readonly int[] t;

        public Steps(VerifyCase c)
        {
            this.c = c;
            schedule = DiffusionKinds.ScheduleOf(c.Meta);
            (x0, noise, output) = (Image("x0"), Image("noise"), Image("model_output"));
            t = Array.ConvertAll(c.Integers("t"), step => (int)step);
            x = Diffusion(Usual).QSample(x0, t, noise);
        }

        // A network with twice the channels of an image says something of the variance too.
        private VarianceType Usual =>
            output.Shape[^1] == 2 * x0.Shape[^1] ? VarianceType.LearnedRange : VarianceType.FixedLarge;

        public void Run()
        {
            Forward();
            foreach (var name in c.Names.ToArray())
            {
                if (name.EndsWith(".p_sample", StringComparison.Ordinal)) Ancestral(name[..^".p_sample".Length]);
                else if (name.StartsWith("ddim_eta", StringComparison.Ordinal)) Implicit(name);
            }
            Special();
            foreach (var key in c.Names.Where(n => n.StartsWith("loss.", StringComparison.Ordinal))
                .Select(n => n.Split('.')[1]).Distinct().ToArray())
                Loss(key);
            Likelihoods();
        }

        private void Forward()
        {
            c.Check("x_t", x, Layout.ChannelsLast);
            var q = Diffusion(Usual).QMeanVariance(x0, t);
            Check("q_mean", q.Mean);
            Check("q_variance", q.Variance);
            Check("q_log_variance", q.LogVariance);
            var posterior = Diffusion(Usual).QPosterior(x0, x, t);
            Check("posterior_mean", posterior.Mean);
            Check("posterior_variance", posterior.Variance);
            Check("posterior_log_variance_clipped", posterior.LogVariance);
        }

        private void Ancestral(string prefix)
        {
            var diffusion = Diffusion(prefix switch
            {
                "learned_range" => VarianceType.LearnedRange,
                "fixed_large" => VarianceType.FixedLarge,
                "fixed_small" => VarianceType.FixedSmall,
                _ => throw new VerifyException($"there is no variance {prefix}"),
            });
            foreach (var clip in new[] { true, false })
            {
                var found = diffusion.Predict(Network(diffusion), x, t, clip);
                var start = $"{prefix}.clip{(clip ? 1 : 0)}";
                Check($"{start}.mean", found.Mean);
                Check($"{start}.log_variance", found.LogVariance);
                Check($"{start}.pred_xstart", found.Start);
            }
            Check($"{prefix}.p_sample",
                new DdpmSampler(diffusion).Step(Network(diffusion), x, t, Image("noise2")).Sample);
        }

        private void Implicit(string name)
        {
            var eta = double.Parse(name["ddim_eta".Length..], CultureInfo.InvariantCulture);
            var diffusion = Diffusion(Usual);
            Check(name, new DdimSampler(diffusion, eta).Step(Network(diffusion), x, t, Image("noise2")).Sample);
        }

        private void Special()
        {
            var diffusion = Diffusion(Usual);
            if (c.Has("ddim_reverse"))
                Check("ddim_reverse", new DdimSampler(diffusion).ReverseStep(Network(diffusion), x, t).Sample);
            if (c.Has("cond_grad"))
            {
                var pull = Image("cond_grad");
                var options = new SamplingOptions { Guidance = (_, _) => pull };
                Check("p_sample_guided",
                    new DdpmSampler(diffusion, options).Step(Network(diffusion), x, t, Image("noise2")).Sample);
                Check("ddim_guided",
                    new DdimSampler(diffusion, 0, options).Step(Network(diffusion), x, t, null).Sample);
            }
            if (!c.Has("predict_xstart.mean")) return;
            var clean = new GaussianDiffusion(schedule, MeanType.StartX, VarianceType.FixedLarge);
            var prediction = clean.Predict(Network(clean), x, t);
            Check("predict_xstart.mean", prediction.Mean);
            Check("predict_xstart.pred_xstart", prediction.Start);
        }

        /// <summary>loss.RESCALED_MSE.vb: the type of loss, then, after an underscore in small letters, a variance
        /// other than the usual.</summary>
        private void Loss(string key)
        {
            var type = DiffusionLoopKinds.LossTypes.Keys.Where(k => key.StartsWith(k, StringComparison.Ordinal))
                .MaxBy(k => k.Length) ?? throw new VerifyException($"there is no loss {key}");
            var diffusion = new GaussianDiffusion(schedule, MeanType.Epsilon, key[type.Length..] switch
            {
                "" => Usual,
                "_fixedlarge" => VarianceType.FixedLarge,
                "_fixedsmall" => VarianceType.FixedSmall,
                var other => throw new VerifyException($"there is no loss {type} with {other}"),
            }, DiffusionLoopKinds.LossTypes[type]);
            var said = output.Detach();
            said.RequiresGrad = true;
            var loss = diffusion.TrainingLosses(Network(diffusion, said), x0, t, noise);
            foreach (var (part, value) in new[] { ("loss", loss.Loss), ("mse", loss.Mse), ("vb", loss.Vb) })
            {
                var name = $"loss.{key}.{part}";
                if (!c.Has(name)) continue;
                if (value is null) c.Fail(name, "this loss has no such part");
                else c.Check(name, value);
            }
            if (!c.Has($"loss.{key}.grad_model_output")) return;
            loss.Loss.Mean().Backward();
            c.CheckGradient($"loss.{key}.grad_model_output", said, Layout.ChannelsLast);
        }

        private void Likelihoods()
        {
            var diffusion = Diffusion(Usual);
            c.Check("prior_bpd", diffusion.PriorBpd(x0));
            var prediction = diffusion.Predict(Network(diffusion), x, t, clipDenoised: false);
            var posterior = diffusion.QPosterior(x0, x, t);
            Check("normal_kl", GaussianMath.NormalKl(posterior.Mean, posterior.LogVariance, prediction.Mean,
                prediction.LogVariance));
            if (!c.Has("discretized_loglik_t0")) return;
            var likelihood = GaussianMath.DiscretizedLogLikelihood(x0, prediction.Mean, 0.5 * prediction.LogVariance);
            var first = Enumerable.Range(0, t.Length).Where(i => t[i] == 0).Select(i => likelihood.Slice(0, i, 1));
            c.Check("discretized_loglik_t0", Tensor.Concat(0, [.. first]), Layout.ChannelsLast);
        }

        private GaussianDiffusion Diffusion(VarianceType variance) => new(schedule, MeanType.Epsilon, variance);

        private Denoiser Network(GaussianDiffusion diffusion, Tensor? said = null) =>
            (_, _) => diffusion.LearnsVariance ? said ?? output : (said ?? output).Slice(-1, 0, x0.Shape[^1]);

        private Tensor Image(string name) => c.Input(name, Layout.ChannelsLast);

        // Some values are the same for all elements of a sample.
        private void Check(string name, Tensor found)
        {
            if (c.Has(name)) c.Check(name, found.Broadcast(x.Shape).Contiguous(), Layout.ChannelsLast);
        }
    }
}
