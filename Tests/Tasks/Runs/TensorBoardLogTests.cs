using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>What a run leaves for TensorBoard.</summary>
internal sealed class TensorBoardLogTests
{
    private TemporaryFolder folder = null!;
    private RunFolder run = null!;

    [SetUp]
    public void MakeRun()
    {
        folder = new TemporaryFolder();
        run = RunFolder.Create(folder["run"], new DemoRecipe("x", 1), DemoJson.Default.DemoRecipe,
            RunEnvironment.Now("diffract", Device.Cpu));
    }

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public void The_checksum_is_that_of_RFC_3720()
    {
        Assert.That(TfRecord.Crc32C("123456789"u8), Is.EqualTo(0xE3069283));
        Assert.That(TfRecord.Crc32C(new byte[32]), Is.EqualTo(0x8A9136AA));
        Assert.That(TfRecord.Crc32C([]), Is.Zero);
    }

    [Test]
    public void A_record_has_the_bytes_of_the_format()
    {
        // Worked out by hand after event.proto and summary.proto.
        var message = new ProtobufMessage().Add(1, 1.0).Add(2, 300L)
            .Add(5, new ProtobufMessage().Add(1, new ProtobufMessage().Add(1, "a").Add(2, 0.5f)));
        Assert.That(Convert.ToHexString(message.ToArray()),
            Is.EqualTo("09000000000000F03F" + "10AC02" + "2A0A" + "0A08" + "0A0161" + "150000003F"));
    }

    [Test]
    public void Every_step_is_an_event_with_its_scalars_as_soon_as_it_is_noted()
    {
        var before = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        using var log = MetricsLog.Open(run);
        log.Append(7, ("loss", 0.1), ("val/top1", 1e-300));
        log.Append(1L << 40, ("loss", double.NaN), ("norm", double.NegativeInfinity));
        var after = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

        var name = Path.GetFileName(EventFile.In(run.Path));
        Assert.That(name, Does.Match(@"^events\.out\.tfevents\.\d+\.diffract$"));
        Assert.That(long.Parse(name.Split('.')[3]), Is.InRange((long)before, (long)after));
        var events = EventFile.Read(EventFile.In(run.Path));
        Assert.That(events.Select(e => e.Version), Is.EqualTo(new[] { "brain.Event:2", "", "" }));
        Assert.That(events.Select(e => e.Step), Is.EqualTo(new long[] { 0, 7, 1L << 40 }));
        Assert.That(events[0].Values, Is.Empty);
        Assert.That(events[1].Values, Is.EqualTo(new[] { ("loss", 0.1f), ("val/top1", 0f) }));
        Assert.That(events[2].Values, Is.EqualTo(new[] { ("loss", float.NaN), ("norm", float.NegativeInfinity) }));
        Assert.That(events.Select(e => e.WallTime), Is.Ordered);
        Assert.That(events.Select(e => e.WallTime), Is.All.InRange(before - 0.01, after + 0.01));
    }

    [TestCase(0)]
    [TestCase(-5)]
    [TestCase(40)]
    public void A_resumed_run_has_every_step_once_whatever_was_cut_off_or_damaged(int more)
    {
        using (var log = MetricsLog.Open(run))
            for (var step = 1; step <= 5; step++) log.Append(step, ("loss", step));
        var path = EventFile.In(run.Path);
        using (var file = File.Open(path, FileMode.Open)) file.SetLength(file.Length + more);

        using (var log = MetricsLog.Open(run, step: 3))
        {
            Assert.That(EventFile.Read(EventFile.In(run.Path)).Select(e => e.Step), Is.EqualTo(new[] { 0, 1, 2, 3 }));
            for (var step = 4; step <= 6; step++) log.Append(step, ("loss", 10 * step));
        }
        var events = EventFile.Read(EventFile.In(run.Path)).Skip(1).ToArray();
        Assert.That(events.Select(e => e.Step), Is.EqualTo(new[] { 1, 2, 3, 4, 5, 6 }));
        Assert.That(events.SelectMany(e => e.Values),
            Is.EqualTo(new[] { 1f, 2, 3, 40, 50, 60 }.Select(v => ("loss", v))));
        var seconds = MetricsLog.Read(run.MetricsPath).Select(line => line.Seconds).ToArray();
        Assert.That(events.Select(e => e.WallTime - events[0].WallTime),
            Is.EqualTo(seconds.Select(s => s - seconds[0])).Within(1e-5));
    }

    [Test]
    public void A_run_that_noted_nothing_leaves_nothing()
    {
        MetricsLog.Open(run).Dispose();
        Assert.That(EventFile.Read(EventFile.In(run.Path)), Has.Count.EqualTo(1));
        run.RemoveUnused();
        Assert.That(Directory.Exists(run.Path), Is.False);
    }
}
