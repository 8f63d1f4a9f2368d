using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests.Model.Diffusion;

public class TimestepSamplerTests
{
    public static IEnumerable<string> Fixtures =>
        Goldens.OfKind("loss_second_moment").DefaultIfEmpty("diffusion/loss_second_moment");

    [TestCaseSource(nameof(Fixtures))]
    public void Weights_follow_the_losses_as_in_the_published_code(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var sampler = new LossSecondMomentSampler(fixture.Meta.GetProperty("T").GetInt32(),
            fixture.Meta.GetProperty("history_per_term").GetInt32(),
            fixture.Meta.GetProperty("uniform_prob").GetDouble());
        var steps = DiffusionFixtures.Steps(fixture["t"]);
        var losses = fixture["loss"].ToArray<double>();
        var batch = fixture["t"].Shape.Int(1);
        var after = new List<double>();
        for (var i = 0; i < steps.Length; i += batch)
        {
            sampler.Update(steps[i..(i + batch)], losses[i..(i + batch)]);
            after.AddRange(sampler.Weights());
        }
        fixture.Check("weights_after", after.ToArray());
        fixture.Check("importance_weight", sampler.ImportanceWeights());
        fixture.AssertAllUsed();
    }

    [Test]
    public void A_uniform_sampler_draws_every_step_equally_often_with_weight_one()
    {
        var draw = new UniformSampler(4).Sample(40_000, new Generator(1));
        Assert.Multiple(() =>
        {
            Assert.That(draw.Weights, Is.All.EqualTo(1));
            for (var t = 0; t < 4; t++) Assert.That(draw.T.Count(s => s == t), Is.EqualTo(10_000).Within(400));
        });
    }

    [Test]
    public void Steps_are_drawn_as_often_as_they_weigh_and_weighted_the_other_way()
    {
        using var sampler = WarmedUp([1, 2, 0, 5]);
        var draw = sampler.Sample(80_000, new Generator(2));
        for (var t = 0; t < 4; t++)
        {
            var drawn = draw.T.Count(s => s == t);
            var expected = sampler.Weights()[t];
            Assert.That(drawn / 80_000.0, Is.EqualTo(expected).Within(0.005), $"share of step {t}");
            if (drawn > 0)
                Assert.That(draw.Weights[draw.T.ToList().IndexOf(t)], Is.EqualTo(0.25 / expected).Within(1e-9));
        }
        // The weighted mean of any function of t is its plain mean: here of t itself.
        var mean = Enumerable.Range(0, draw.T.Count).Average(i => draw.Weights[i] * (draw.T[i] == 2 ? 0 : draw.T[i]));
        Assert.That(mean, Is.EqualTo((0 + 1 + 0 + 3) / 4.0).Within(0.02));
    }

    [Test]
    public void The_generator_decides()
    {
        using var sampler = WarmedUp([1, 2, 3]);
        var first = sampler.Sample(20, new Generator(3));
        Assert.That(sampler.Sample(20, new Generator(3)).T, Is.EqualTo(first.T));
        Assert.That(sampler.Sample(20, new Generator(4)).T, Is.Not.EqualTo(first.T));
    }

    [Test]
    public void The_history_is_saved_and_loaded_bit_by_bit()
    {
        using var sampler = WarmedUp([1, 2, 1 / 3.0]);
        using var other = new LossSecondMomentSampler(3, 2);
        other.LoadState(sampler.SaveState());
        sampler.Update([1], [7]);
        other.Update([1], [7]);
        Assert.That(other.Weights(), Is.EqualTo(sampler.Weights()));
        using var foreign = new LossSecondMomentSampler(3, 3);
        Assert.That(() => foreign.LoadState(sampler.SaveState()), Throws.TypeOf<StateException>()
            .With.Message.Contains("history"));
    }

    [Test]
    public void Losses_of_zero_prefer_nothing()
    {
        using var sampler = WarmedUp([0, 0]);
        Assert.That(sampler.Weights(), Is.EqualTo([0.5, 0.5]).Within(1e-12));
    }

    private static LossSecondMomentSampler WarmedUp(double[] losses)
    {
        var sampler = new LossSecondMomentSampler(losses.Length, 2);
        var steps = Enumerable.Range(0, losses.Length).ToArray();
        sampler.Update(steps, losses);
        Assert.That(sampler.IsWarmedUp, Is.False);
        sampler.Update(steps, losses);
        Assert.That(sampler.IsWarmedUp, Is.True);
        return sampler;
    }
}
