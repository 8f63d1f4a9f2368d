using Diffract.Engine;
using Diffract.Engine.Cuda;
using Diffract.Tests.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Engine.Cuda;

/// <summary>Choices by trial, with a clock that says what a test wants.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class GpuTunerTests
{
    private static readonly string[] names = ["wide", "narrow", "short"];

    // Ways that take so many milliseconds each, and give a result.
    private sealed class Work(params double[] milliseconds) : IGpuClock
    {
        private int last = -1;

        public bool IsRunning { get; set; } = true;

        public List<int> Runs { get; } = [];

        public Func<int, byte> Result { get; init; } = _ => 7;

        public double Time(Action body)
        {
            var before = Runs.Count;
            body();
            return Runs.Skip(before).Sum(way => milliseconds[way]);
        }

        // What a caller does.
        public int Choose(GpuTuner tuner, string problem = "p", string[]? ways = null) =>
            tuner.Find(problem, () => ways ?? names) ?? tuner.Try(problem, ways ?? names, way =>
            {
                last = way;
                Runs.Add(way);
            }, () => [Result(last)]);
    }

    [TestCase(0, 5, 6, 7)]
    [TestCase(1, 5, 4, 7)]
    [TestCase(2, 5, 4, 3)]
    [TestCase(2, 5, 4.84, 4.8)]
    [TestCase(0, 5, 4.9, 4.95, Description = "noise")]
    public void The_fastest_way_is_chosen_once(int best, params double[] times)
    {
        var work = new Work(times);
        var tuner = new GpuTuner(work, null);
        Assert.That(work.Choose(tuner), Is.EqualTo(best));
        var trials = work.Runs.Count;
        Assert.That(work.Choose(tuner), Is.EqualTo(best));
        Assert.That(work.Runs, Has.Count.EqualTo(trials));
        Assert.That(tuner.Choices["p"], Is.EqualTo(names[best]));
    }

    [Test]
    public void A_way_that_gives_other_bits_is_not_chosen()
    {
        var work = new Work(5, 1, 4) { Result = way => (byte)(way == 1 ? 8 : 7) };
        Assert.That(work.Choose(new GpuTuner(work, null)), Is.EqualTo(2));
    }

    [Test]
    public void Long_trials_end_early_and_short_ones_are_repeated()
    {
        var slow = new Work(400, 1, 1);
        Assert.That(slow.Choose(new GpuTuner(slow, null)), Is.Zero);
        Assert.That(slow.Runs, Is.EqualTo(new[] { 0, 0 }));
        var quick = new Work(0.01, 0.02, 0.02);
        quick.Choose(new GpuTuner(quick, null));
        Assert.That(quick.Runs, Has.Count.EqualTo(3 + 3 * 3 * 21));
    }

    [Test]
    public void In_a_recording_what_is_known_is_taken_or_the_usual_way()
    {
        var work = new Work(5, 4, 3) { IsRunning = false };
        var tuner = new GpuTuner(work, null);
        Assert.That(work.Choose(tuner), Is.Zero);
        work.IsRunning = true;
        Assert.That(work.Choose(tuner), Is.EqualTo(2));
        work.IsRunning = false;
        Assert.That(work.Choose(tuner), Is.EqualTo(2));
    }

    [Test]
    public void A_failure_is_the_callers_and_nothing_is_remembered()
    {
        var work = new Work(5, 4, 3) { Result = way => way == 1 ? throw new DeviceException("lost") : (byte)7 };
        var tuner = new GpuTuner(work, null);
        Assert.That(() => work.Choose(tuner), Throws.TypeOf<DeviceException>().With.Message.EqualTo("lost"));
        Assert.That(tuner.Choices, Is.Empty);
    }

    [Test]
    public void A_choice_is_found_at_the_next_start_and_only_on_the_same_gpu_driver_and_build()
    {
        using var folder = new TemporaryFolder();
        Assert.That(Start("gpu", "12.4"), Is.EqualTo((1, true)));
        Assert.That(Start("gpu", "12.4"), Is.EqualTo((1, false)));
        Assert.That(Start("other gpu", "12.4"), Is.EqualTo((1, true)));
        Assert.That(Start("gpu", "12.5"), Is.EqualTo((1, true)));
        Assert.That(Start("gpu", "12.4", "another build's wide", "another build's narrow"), Is.EqualTo((1, true)));
        Assert.That(Start("gpu", "12.4", "another build's wide", "another build's narrow"), Is.EqualTo((1, false)));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(3));

        (int, bool) Start(string gpu, string driver, params string[] ways)
        {
            var work = new Work(5, 4, 6);
            var way = work.Choose(new GpuTuner(work, new TuningFile(folder.Path, gpu, driver)), "p",
                ways.Length > 0 ? ways : names);
            return (way, work.Runs.Count > 0);
        }
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("""{ "gpu": "gpu", "driver": "12.4" }""")]
    [TestCase("""{ "gpu": "gpu", "driver": "12.4", "choices": { "p": 1 } }""")]
    [TestCase("""{ "gpu": "gpu", "driver": "12.4", "choices": { "p": null } }""")]
    [TestCase("""{ "gpu": "other", "driver": "12.4", "choices": { "p": "short" } }""")]
    public void A_damaged_or_foreign_file_is_replaced(string content)
    {
        using var folder = new TemporaryFolder();
        new TuningFile(folder.Path, "gpu", "12.4").Keep("q", "x");
        var path = Directory.GetFiles(folder.Path).Single();
        File.WriteAllText(path, content);
        var file = new TuningFile(folder.Path, "gpu", "12.4");
        Assert.That(file.Find("p"), Is.Null);
        file.Keep("p", "narrow");
        Assert.That(new TuningFile(folder.Path, "gpu", "12.4").Find("p"), Is.EqualTo("narrow"));
    }

    [Test]
    public void Processes_that_write_in_turn_keep_each_others_choices()
    {
        using var folder = new TemporaryFolder();
        TuningFile one = new(folder.Path, "gpu", "12.4"), two = new(folder.Path, "gpu", "12.4");
        Assert.That((one.Find("p"), two.Find("p")), Is.EqualTo(((string?)null, (string?)null)));
        one.Keep("p", "a");
        two.Keep("q", "b");
        var later = new TuningFile(folder.Path, "gpu", "12.4");
        Assert.That((later.Find("p"), later.Find("q")), Is.EqualTo(("a", "b")));
    }

    [Test]
    public void A_folder_that_cannot_be_written_costs_only_time()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "file");
        File.WriteAllText(file, "");
        var work = new Work(5, 4, 3);
        var tuner = new GpuTuner(work, new TuningFile(Path.Combine(file, "cache"), "gpu", "12.4"));
        Assert.That(work.Choose(tuner), Is.EqualTo(2));
        Assert.That(work.Choose(tuner), Is.EqualTo(2));
    }
}
