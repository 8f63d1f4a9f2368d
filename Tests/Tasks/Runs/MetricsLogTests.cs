using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

internal sealed class MetricsLogTests
{
    private string folder = "";
    private RunFolder run = null!;

    [SetUp]
    public void MakeRun()
    {
        folder = Directory.CreateTempSubdirectory("diffract-metrics-").FullName;
        run = RunFolder.Create(Path.Combine(folder, "run"), new DemoRecipe("x", 1), DemoJson.Default.DemoRecipe,
            RunEnvironment.Now("diffract", Device.Cpu));
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public void Numbers_come_back_as_they_were()
    {
        using (var log = MetricsLog.Open(run))
        {
            log.Append(1, ("loss", 0.1 + 0.2), ("lr", 1e-300));
            log.Append(2, ("loss", double.NaN), ("norm", double.PositiveInfinity));
        }
        var lines = MetricsLog.Read(run.MetricsPath);
        Assert.That(lines.Select(line => line.Step), Is.EqualTo(new long[] { 1, 2 }));
        Assert.That(lines[0].Values["loss"], Is.EqualTo(0.1 + 0.2));
        Assert.That(lines[0].Values["lr"], Is.EqualTo(1e-300));
        Assert.That(lines[1].Values["loss"], Is.NaN);
        Assert.That(lines[1].Values["norm"], Is.EqualTo(double.PositiveInfinity));
    }

    [Test]
    public void A_resumed_log_has_every_step_once()
    {
        using (var log = MetricsLog.Open(run))
            for (var step = 1; step <= 5; step++) log.Append(step, ("loss", step));
        File.AppendAllText(run.MetricsPath, "{\"step\":6,\"sec");
        using (var log = MetricsLog.Open(run, step: 3))
            for (var step = 4; step <= 6; step++) log.Append(step, ("loss", 10 * step));
        var lines = MetricsLog.Read(run.MetricsPath);
        Assert.That(lines.Select(line => line.Values["loss"]), Is.EqualTo(new double[] { 1, 2, 3, 40, 50, 60 }));
        Assert.That(lines.Select(line => line.Seconds), Is.Ordered);
    }

    [Test]
    public void A_damaged_line_in_the_middle_is_an_error()
    {
        File.WriteAllText(run.MetricsPath, "{\"step\":1,\"seconds\":0}\nnonsense\n{\"step\":2,\"seconds\":0}\n");
        Assert.That(() => MetricsLog.Read(run.MetricsPath),
            Throws.TypeOf<RunException>().With.Message.Contains("line 2"));
    }

    [Test]
    public void Two_programs_cannot_write_one_log()
    {
        using var log = MetricsLog.Open(run);
        Assert.That(() => MetricsLog.Open(run), Throws.TypeOf<RunException>().With.Message.Contains("in use"));
        log.Append(1, ("loss", 0.5));
        Assert.That(MetricsLog.Read(run.MetricsPath), Has.Count.EqualTo(1), "a log can be read while it is written");
    }
}
