using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

internal sealed class ProgressTests
{
    [Test]
    public void The_pace_is_that_of_the_last_quarter()
    {
        var now = TimeSpan.Zero;
        var pace = new Pace(200, "images", 0, () => now);
        // The first image takes a minute, the other 99 a second each.
        for (var i = 0; i < 100; i++)
        {
            now += TimeSpan.FromSeconds(i == 0 ? 60 : 1);
            pace.Advance(1, i == 99 ? "loss 0.5" : null);
        }
        Assert.That(pace.PerSecond, Is.EqualTo(1).Within(1e-9));
        Assert.That(pace.ToString(), Is.EqualTo("100 of 200 images (50 %), 1.00 images/s, 1 min 40 s left, loss 0.5"));
    }

    [Test]
    public void A_long_history_is_thinned_and_keeps_the_pace()
    {
        var now = TimeSpan.Zero;
        var pace = new Pace(100_000, "steps", 0, () => now);
        for (var i = 0; i < 50_000; i++)
        {
            now += TimeSpan.FromMilliseconds(10);
            pace.Advance(1, null);
        }
        Assert.That(pace.PerSecond, Is.EqualTo(100).Within(1));
        Assert.That(pace.Remaining!.Value.TotalSeconds, Is.EqualTo(500).Within(5));
    }

    [Test]
    public void A_resumed_bar_counts_only_its_own_time()
    {
        var now = TimeSpan.Zero;
        var pace = new Pace(1000, "steps", 900, () => now);
        now += TimeSpan.FromSeconds(10);
        pace.Advance(10, null);
        Assert.That(pace.PerSecond, Is.EqualTo(1).Within(1e-9));
        Assert.That(pace.Done, Is.EqualTo(910));
    }

    [Test]
    public void Redirected_output_gets_plain_lines_now_and_then()
    {
        using var error = new StringWriter();
        using (var progress = RunProgress.On(new Terminal(TextWriter.Null, error, isInteractive: false)))
        using (var bar = progress.Begin("training", 1000, "steps"))
        {
            for (var i = 0; i < 1000; i++) bar.Advance();
        }
        var lines = error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines, Has.Length.EqualTo(2));
        Assert.That(lines[0], Is.EqualTo("training: 0 of 1,000 steps (0 %)"));
        Assert.That(lines[1], Does.StartWith("training: 1,000 of 1,000 steps (100 %)").And.Contain("took"));
        Assert.That(error.ToString(), Does.Not.Contain("\u001b"));
    }

    [Test]
    public void Lines_come_when_the_interval_has_passed()
    {
        using var error = new StringWriter();
        using (var progress = new PlainProgress(error, TimeSpan.Zero))
        using (var bar = progress.Begin("reading", 3, "images"))
        {
            for (var i = 0; i < 3; i++) bar.Advance();
        }
        Assert.That(error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(5));
    }

    [TestCase("loss 1.612 ", ", loss 1.612, took")]
    [TestCase(" ", "images/s, took")]
    public void A_bar_that_ends_before_its_total_has_nothing_left(string note, string end)
    {
        using var error = new StringWriter();
        using (var progress = new PlainProgress(error))
        using (var bar = progress.Begin("features", 10, "images"))
            bar.Advance(8, note);
        Assert.That(error.ToString().Split('\n')[1],
            Does.StartWith("features: 8 of 10 images (80 %), ").And.Not.Contain("left").And.Contain(end));
    }

    [Test]
    public void A_live_bar_ends_and_leaves_its_last_state()
    {
        using var error = new StringWriter();
        using (var progress = RunProgress.On(new Terminal(TextWriter.Null, error, isInteractive: true)))
        {
            using (var bar = progress.Begin("training [1/2]", 10, "steps"))
                for (var i = 0; i < 10; i++) bar.Advance(1, "loss 0.25");
            progress.Say("saved [here]");
        }
        Assert.That(error.ToString(), Does.Contain("training [1/2]").And.Contain("100%").And.Contain("saved [here]"));
    }
}
