using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests.Model.Diffusion;

public class NoiseScheduleTests
{
    public static IEnumerable<string> Fixtures =>
        Goldens.OfKind("noise_schedule").DefaultIfEmpty("diffusion/schedule_linear1000");

    [TestCaseSource(nameof(Fixtures))]
    public void Every_table_is_the_published_codes(string name)
    {
        using var fixture = new GoldenFixture(name);
        var schedule = DiffusionFixtures.Schedule(fixture.Meta);
        foreach (var table in fixture.Names) fixture.Check(table, DiffusionFixtures.Table(schedule, table));
        fixture.AssertAllUsed();
    }

    // Values quoted for the schedules that the published networks were trained with.
    [TestCase(0, 0.9999)]
    [TestCase(30, 0.9877104204)]
    [TestCase(75, 0.9376239492)]
    [TestCase(90, 0.9132644806)]
    [TestCase(150, 0.7858870240)]
    [TestCase(300, 0.3940111225)]
    [TestCase(500, 0.07779665837)]
    [TestCase(999, 4.035829765e-05)]
    public void What_is_left_of_the_image_under_the_linear_schedule(int t, double expected)
    {
        Assert.That(NoiseSchedule.Linear().AlphasCumprod[t], Is.EqualTo(expected).Within(2e-8).Percent);
    }

    [TestCase(0, 4.128422482e-05)]
    [TestCase(998, 0.7499993929)]
    [TestCase(999, 0.999)]
    public void Betas_of_the_cosine_schedule(int t, double expected)
    {
        Assert.That(NoiseSchedule.Cosine().Betas[t], Is.EqualTo(expected).Within(2e-8).Percent);
    }

    [Test]
    public void Neighbours_of_the_ends_are_all_and_nothing()
    {
        var schedule = NoiseSchedule.Linear(30);
        Assert.Multiple(() =>
        {
            Assert.That(schedule.AlphasCumprodPrev[0], Is.EqualTo(1));
            Assert.That(schedule.AlphasCumprodNext[^1], Is.Zero);
            Assert.That(schedule.AlphasCumprodNext[..^1].ToArray(), Is.EqualTo(schedule.AlphasCumprod[1..].ToArray()));
        });
    }

    [Test]
    public void The_large_variance_is_beta_but_for_the_first_step()
    {
        var schedule = NoiseSchedule.Linear(30);
        Assert.Multiple(() =>
        {
            Assert.That(schedule.LargeVariance[0], Is.EqualTo(schedule.PosteriorVariance[1]));
            Assert.That(schedule.LargeVariance[1..].ToArray(), Is.EqualTo(schedule.Betas[1..].ToArray()));
            Assert.That(schedule.LargeLogVariance[3], Is.EqualTo(Math.Log(schedule.Betas[3])));
        });
    }

    [Test]
    public void Respacing_keeps_the_amounts_of_noise_and_the_original_steps()
    {
        var full = NoiseSchedule.Cosine(200);
        var once = full.Respace("20");
        var twice = once.Keep([19, 0, 7]);
        Assert.Multiple(() =>
        {
            Assert.That(once.OriginalSteps, Is.EqualTo(200));
            Assert.That(twice.Steps, Is.EqualTo(3));
            for (var i = 0; i < once.Steps; i++)
                Assert.That(once.AlphasCumprod[i], Is.EqualTo(full.AlphasCumprod[once.TimestepMap[i]]).Within(1e-12));
            Assert.That(twice.TimestepMap.ToArray(),
                Is.EqualTo([once.TimestepMap[0], once.TimestepMap[7], once.TimestepMap[19]]));
        });
    }

    [Test]
    public void A_single_step_is_a_process_too()
    {
        var schedule = NoiseSchedule.Linear().Respace("1");
        Assert.That(double.IsFinite(schedule.PosteriorLogVarianceClipped[0]), Is.True);
    }

    [Test]
    public void Mistakes_are_named()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => NoiseSchedule.Named("quadratic"),
                Throws.ArgumentException.With.Message.Contains("cosine"));
            Assert.That(() => NoiseSchedule.FromBetas([0.1, 0]), Throws.ArgumentException);
            Assert.That(() => NoiseSchedule.FromBetas([double.NaN]), Throws.ArgumentException);
            Assert.That(() => NoiseSchedule.FromBetas([]), Throws.ArgumentException);
            Assert.That(() => NoiseSchedule.Linear(30).Keep([30]), Throws.ArgumentException);
            Assert.That(() => NoiseSchedule.Linear(30).Keep([]), Throws.ArgumentException);
        });
    }
}
