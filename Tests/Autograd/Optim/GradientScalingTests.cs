using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Autograd.Optim;

public class GradientScalingTests
{
    public static IEnumerable<string> Traces =>
        Goldens.OfKind("fp16_loss_scale_trace").DefaultIfEmpty("diffusion/fp16_loss_scale_trace");

    private Scope scope = null!;

    [SetUp]
    public void OpenScope() => scope = Scope.Open();

    [TearDown]
    public void CloseScope() => scope.Dispose();

    [TestCaseSource(nameof(Traces))]
    public void The_loss_scale_follows_the_trainers(string name)
    {
        using var fixture = new GoldenFixture(name);
        double Setting(string key) => fixture.Meta.GetProperty(key).GetDouble();
        var scaler = new LossScaler(Setting("start"), Setting("growth"), Setting("backoff"));
        var (took, scales) = (new List<double>(), new List<double>());
        foreach (var norm in fixture["grad_norm"].ToArray<double>())
        {
            took.Add(scaler.Update(norm) ? 1 : 0);
            scales.Add(scaler.LogScale);
        }
        fixture.Check("took_step", took.ToArray());
        fixture.Check("lg_loss_scale_after", scales.ToArray());
        fixture.AssertAllUsed();
    }

    [Test]
    public void Unscaling_divides_the_gradients_or_says_that_they_overflowed()
    {
        var (a, b) = (WithGradient(1024, 2048), WithGradient(-512));
        var scaler = new LossScaler(start: 10);
        Assert.That(scaler.Unscale([a, b]), Is.True);
        Assert.That(a.Grad!.ToArray<float>().Concat(b.Grad!.ToArray<float>()), Is.EqualTo([1f, 2f, -0.5f]));
        b.Grad!.CopyFrom<float>([float.PositiveInfinity]);
        Assert.That(scaler.Unscale([a, b]), Is.False);
        Assert.That(scaler.LogScale, Is.EqualTo(9.001).Within(1e-12));
    }

    [Test]
    public void A_run_that_only_overflows_is_stopped()
    {
        var scaler = new LossScaler(maxSkips: 3);
        scaler.Update(double.NaN);
        scaler.Update(double.NaN);
        scaler.Update(1);
        scaler.Update(double.NaN);
        scaler.Update(double.NaN);
        Assert.That(() => scaler.Update(double.NaN),
            Throws.TypeOf<AnomalyException>().With.Message.Contains("3 steps"));
    }

    [Test]
    public void The_scale_is_saved_and_loaded()
    {
        var (scaler, other) = (new LossScaler(), new LossScaler());
        scaler.Update(1);
        scaler.Update(double.NaN);
        other.LoadState(scaler.SaveState());
        Assert.That(other.LogScale, Is.EqualTo(scaler.LogScale));
        Assert.That(() => other.LoadState(new SavedState()), Throws.TypeOf<StateException>());
    }

    [Test]
    public void The_norm_is_over_all_gradients_together()
    {
        Assert.That(ClipGrad.TotalNorm([WithGradient(3, 0), WithGradient(4), Tensor.From([9f])]), Is.EqualTo(5));
    }

    [Test]
    public void Clipping_by_norm_keeps_the_direction()
    {
        var (a, b) = (WithGradient(3, 0), WithGradient(-4));
        Assert.That(ClipGrad.ByNorm([a, b], 2.5), Is.EqualTo(5));
        Assert.That(a.Grad!.ToArray<float>().Concat(b.Grad!.ToArray<float>()),
            Is.EqualTo([1.5f, 0f, -2f]).Within(1e-5));
        Assert.That(ClipGrad.ByNorm([a, b], 100), Is.EqualTo(2.5).Within(1e-5));
        Assert.That(b.Grad!.Item<float>(), Is.EqualTo(-2f).Within(1e-5));
    }

    [Test]
    public void Clipping_by_norm_can_refuse_what_is_not_finite()
    {
        var a = WithGradient(float.NaN, 1);
        Assert.That(() => ClipGrad.ByNorm([a], 1, errorIfNonFinite: true), Throws.TypeOf<AnomalyException>());
        ClipGrad.ByNorm([a], 1);
        Assert.That(a.Grad!.ToArray<float>(), Is.All.NaN);
    }

    [Test]
    public void Clipping_by_value_limits_every_element()
    {
        float[] values = [-3, -0.5f, 0, 0.5f, 3, float.NaN, float.NegativeInfinity, 7, -7];
        var a = WithGradient(values);
        ClipGrad.ByValue([a], 1);
        Assert.That(a.Grad!.ToArray<float>(), Is.EqualTo([-1, -0.5f, 0, 0.5f, 1, float.NaN, -1, 1, -1]));
    }

    private static Tensor WithGradient(params float[] gradient)
    {
        var parameter = Tensor.From(new float[gradient.Length]);
        parameter.RequiresGrad = true;
        parameter.Grad = Tensor.From(gradient);
        return parameter;
    }
}
