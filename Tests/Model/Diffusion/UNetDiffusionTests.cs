using System.Text.Json;
using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;
using static Diffract.Tests.Model.Diffusion.DiffusionFixtures;

namespace Diffract.Tests.Model.Diffusion;

/// <summary>Sampling and training of a whole network against PyTorch.</summary>
public class UNetDiffusionTests
{
    public static IEnumerable<string> Loops =>
        Goldens.OfKind("sampling_loop").DefaultIfEmpty("diffusion/sampling_loop_adm_tiny");

    public static IEnumerable<string> Training =>
        Goldens.OfKind("train_steps").DefaultIfEmpty("diffusion/train_steps_adm_tiny");

    [TestCaseSource(nameof(Loops))]
    public void Sampling_gives_the_images(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var network = UNetGoldenTests.Load(fixture.Meta.GetProperty("model").GetString()!);
        using var scope = Scope.Open();
        var options = new SamplingOptions { ClipDenoised = fixture.Meta.GetProperty("clip_denoised").GetBoolean() };
        Denoiser model = (x, timesteps) => network.Forward(x, timesteps);
        StepNoise noise = (step, _) => ImagesAt(fixture, "step_noise", step);

        var ddpm = new DdpmSampler(new GaussianDiffusion(Schedule(fixture.Meta, "respacing_ddpm")), options);
        foreach (var step in ddpm.Steps(model, fixture.Images("x_T"), noise))
        {
            if (step.Done == 1) fixture.CheckImages("ddpm_after_first_step", step.Sample);
            if (step.Done != step.Total) continue;
            fixture.CheckImages("ddpm_final", step.Sample);
            fixture.CheckImages("ddpm_final_pred_xstart", step.Start);
        }

        var ddim = new DdimSampler(new GaussianDiffusion(Schedule(fixture.Meta, "respacing_ddim")),
            fixture.Meta.GetProperty("eta").GetDouble(), options);
        var images = ddim.Sample(model, fixture.Images("x_T"), noise);
        fixture.CheckImages("ddim_final", images);
        // A value next to a whole number may fall to either side of it.
        var bytes = ImageBytes.From(images).Permute(0, 3, 1, 2).Contiguous().ToArray<byte>();
        Assert.That(bytes, Is.EqualTo(fixture["uint8_ddim_final"].ToArray<byte>()).Within(1));
        fixture.AssertAllUsed();
    }

    [TestCaseSource(nameof(Training))]
    public void Training_steps_give_losses_gradients_parameters_and_averages(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var network = UNetGoldenTests.Load(fixture.Meta.GetProperty("model").GetString()!);
        var diffusion = new GaussianDiffusion(Schedule(fixture.Meta),
            lossType: Loss(fixture.Meta.GetProperty("loss").GetString()!));
        using var optimizer = Optimizer(fixture.Meta, network);
        var rate = fixture.Meta.GetProperty("ema_rate").GetDouble();
        using var ema = new Ema(network.NamedParameters(), rate);
        var parameters = network.NamedParameters().ToDictionary(p => p.Name, p => p.Parameter);
        var (losses, norms) = (new List<double>(), new List<double>());
        var t = Steps(fixture["t"]);
        var batch = fixture["t"].Shape.Int(1);
        for (var step = 0; step < fixture.Meta.GetProperty("steps").GetInt32(); step++)
        {
            using var scope = Scope.Open();
            var loss = diffusion.TrainingLosses((x, timesteps) => network.Forward(x, timesteps),
                ImagesAt(fixture, "x0", step), t.AsSpan(step * batch, batch), ImagesAt(fixture, "noise", step)).Loss;
            loss.Mean().Backward();
            losses.AddRange(GoldenFixture.Values(loss));
            norms.Add(ClipGrad.TotalNorm(network.Parameters()));
            foreach (var tensor in Named($"grad_step{step + 1}."))
                fixture.Check(tensor, parameters[tensor[$"grad_step{step + 1}.".Length..]].Grad!);
            optimizer.Step();
            ema.Update();
            optimizer.ZeroGrad();
        }
        fixture.Check("loss_per_sample", losses.ToArray());
        fixture.Check("grad_l2_norm", norms.ToArray());
        foreach (var tensor in Named("param_after."))
            fixture.Check(tensor, parameters[tensor["param_after.".Length..]]);
        var averages = ema.Averages(rate).ToDictionary(a => a.Name, a => a.Tensor);
        foreach (var tensor in Named("ema_after.")) fixture.Check(tensor, averages[tensor["ema_after.".Length..]]);
        fixture.AssertAllUsed();

        IEnumerable<string> Named(string prefix) =>
            fixture.Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).ToList();
    }

    private static Optimizer Optimizer(JsonElement meta, UNet network)
    {
        Assert.That(meta.GetProperty("optimizer").GetString(), Is.EqualTo("adamw"));
        var betas = meta.GetProperty("betas");
        return new AdamW(network.Parameters(), meta.GetProperty("lr").GetDouble(),
            (betas[0].GetDouble(), betas[1].GetDouble()), meta.GetProperty("eps").GetDouble(),
            meta.GetProperty("weight_decay").GetDouble());
    }

    private static Tensor ImagesAt(GoldenFixture fixture, string tensor, int index) =>
        fixture[tensor].Slice(0, index, 1).Squeeze(0).Permute(0, 2, 3, 1).Contiguous();
}
