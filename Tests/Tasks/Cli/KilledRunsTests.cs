using System.Diagnostics;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Runs of the program that are killed, or asked to stop, and go on with the bits of one that was not.
/// </summary>
internal sealed class KilledRunsTests
{
    private const int Steps = 50;

    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        folder = new TemporaryFolder();
        Work.Folder(folder["pictures"]);
    }

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    [Platform(Exclude = "Win")]
    public void A_verb_that_has_nothing_to_bring_to_an_end_stops_at_once()
    {
        using (var make = Process.Start("mkfifo", [folder["pipe.pt"]])) make.WaitForExit();
        using var program = ProgramProcess.Start("inspect", folder["pipe.pt"]);
        program.Signal("TERM");
        Assert.That(program.End(), Is.EqualTo((143, "", "")));
    }

    [Test]
    public void Pretraining_that_was_killed_ends_with_the_same_bits()
    {
        Succeed(Pretrain(folder["straight"]));
        var stopped = folder["killed"];
        KillAndGoOn(stopped, Pretrain(stopped), "pretrain", Steps);
        Same(stopped, folder["straight"], "ema.safetensors", "model.safetensors",
            $"checkpoints/step-{Steps:00000000}.safetensors");
        Assert.That(Metrics(stopped), Is.EqualTo(Metrics(folder["straight"])));
    }

    [Test]
    public void A_heads_training_that_was_killed_ends_with_the_same_bits()
    {
        var features = folder["features.safetensors"];
        Succeed("features", "--network", Work.Network(folder.Path), "--data", folder["pictures"], "--timesteps", "20",
            "--blocks", "3", "--draws", "2", "--out", features);
        string[] Train(string run) => ["train", "--features", features, "--lr", "1e-2", "--batch", "2", "--epochs",
            $"{Steps}", "--validation", "0.3", "--name", run];
        Succeed(Train(folder["straight"]));
        var stopped = folder["killed"];
        KillAndGoOn(stopped, Train(stopped), "train", Steps * 4);
        Same(stopped, folder["straight"], "best.safetensors", "last.safetensors",
            $"checkpoints/{Path.GetFileName(Latest(folder["straight"])!.Path)}");
        Assert.That(Metrics(stopped), Is.EqualTo(Metrics(folder["straight"])));
    }

    [Test]
    public void A_sweep_that_was_killed_ends_with_the_same_bits()
    {
        var features = folder["features.safetensors"];
        Succeed("features", "--network", Work.Network(folder.Path), "--data", folder["pictures"], "--timesteps",
            "20,90", "--blocks", "3,5", "--draws", "2", "--out", features);
        string[] Sweep(string run) => ["sweep", "--features", features, "--pool", "1,2", "--lr", "1e-3,1e-2",
            "--batch", "2", "--epochs", $"{Steps}", "--validation", "0.3", "--name", run];
        Succeed(Sweep(folder["straight"]));
        var stopped = folder["killed"];
        KillAndGoOn(stopped, Sweep(stopped), "sweep", Steps * 4);
        Same(stopped, folder["straight"], "result.json", "sweep.csv", "curves.svg",
            $"checkpoints/{Path.GetFileName(Latest(folder["straight"])!.Path)}");
        Assert.That(Metrics(stopped), Is.EqualTo(Metrics(folder["straight"])));
    }

    [Test]
    public void An_extraction_that_was_killed_gives_the_same_file()
    {
        const int pictures = 300;
        var network = Work.Network(folder.Path);
        Work.Folder(folder["many"], perClass: pictures / 2);
        string[] Extract(string path) => ["features", "--network", network, "--data", folder["many"], "--timesteps",
            "20", "--blocks", "3,9", "--draws", "2", "--batch", "4", "--out", path];
        Succeed(Extract(folder["straight.safetensors"]));

        var path = folder["killed.safetensors"];
        var log = Path.Combine(path + ".partial", "images.tsv");
        using (var program = ProgramProcess.Start(Extract(path)))
        {
            program.Until(() => File.Exists(log) && new FileInfo(log).Length > 0);
            program.Kill();
        }
        Assert.That(File.ReadLines(log).Count(), Is.LessThan(pictures), "it was killed too late to prove anything");
        Assert.That(ProgramProcess.Run(Extract(path)).Error, Does.Match($"going on after \\d+ of {pictures} images"));
        Assert.That(File.ReadAllBytes(path).AsSpan().SequenceEqual(File.ReadAllBytes(folder["straight.safetensors"])));
    }

    [TestCase("INT", 130)]
    [TestCase("TERM", 143)]
    public void Asked_to_stop_it_writes_a_checkpoint_and_says_how_to_go_on(string signal, int expected)
    {
        if (signal == "INT" && IgnoresInterrupts())
            Assert.Ignore("SIGINT is ignored here, as in jobs in the background of a shell without job control");
        if (OperatingSystem.IsWindows()) Assert.Ignore("signals are sent by 'kill'");
        var run = folder["asked"];
        // No checkpoint would be written before the end: the one that is found was written because of the signal.
        using var program = ProgramProcess.Start([.. Pretrain(run, steps: 100_000), "--save-every", "100000"]);
        program.Until(() => File.Exists(Path.Combine(run, "metrics.jsonl")) && Metrics(run).Length > 0);
        program.Signal(signal);
        var (code, _, error) = program.End();
        Assert.That(code, Is.EqualTo(expected), error);
        Assert.That(error, Does.Contain($"go on with --resume {run}").And.Contain("diffract: stopped"));
        Assert.That(error, Does.Not.Contain("   at "));
        Assert.That(Latest(run)?.Step, Is.GreaterThanOrEqualTo(10).And.LessThan(100_000));
        using var network = NetworkFile.Load(Path.Combine(run, "ema.safetensors"));
    }

    private string[] Pretrain(string run, int steps = Steps) =>
    [
        "pretrain", "--data", folder["pictures"], "--image-size", "8", "--channels", "32", "--channel-mult", "1,1",
        "--attention", "4", "--res-blocks", "1", "--steps", $"{steps}", "--batch", "4", "--sample-every", "0",
        "--dropout", "0.1", "--ema", "0.9", "--sampler", "loss-second-moment",
        .. steps == Steps ? (string[])["--save-every", "3"] : [], "--name", run,
    ];

    // Twice, so that a run that was resumed is killed too.
    private static void KillAndGoOn(string run, string[] start, string verb, long end)
    {
        long last = 0;
        foreach (var arguments in (string[][])[start, [verb, "--resume", run]])
        {
            using var program = ProgramProcess.Start(arguments);
            program.Until(() => Latest(run)?.Step > last);
            program.Kill();
            last = Latest(run)!.Step;
            Assert.That(last, Is.LessThan(end), "it was killed too late to prove anything");
        }
        Succeed(verb, "--resume", run);
        Assert.That(EventFile.Read(EventFile.In(run)).Skip(1).SelectMany(e => e.Values.Select(v => (e.Step, v))),
            Is.EqualTo(MetricsLog.Read(Path.Combine(run, "metrics.jsonl"))
                .SelectMany(line => line.Values.Select(v => (line.Step, (v.Key, (float)v.Value))))));
    }

    private static void Succeed(params string[] arguments)
    {
        var (code, _, error) = ProgramProcess.Run(arguments);
        Assert.That(code, Is.Zero, error);
    }

    private static void Same(string run, string expected, params string[] files)
    {
        foreach (var file in files)
            Assert.That(File.ReadAllBytes(Path.Combine(run, file)).AsSpan()
                .SequenceEqual(File.ReadAllBytes(Path.Combine(expected, file))), file);
    }

    private static Checkpoint? Latest(string run) =>
        File.Exists(Path.Combine(run, "recipe.json")) ? RunFolder.Open(run).Checkpoints.Latest : null;

    // What was measured, without when.
    // Programs inherit it. The second lowest bit of the mask is signal 2.
    private static bool IgnoresInterrupts() => OperatingSystem.IsLinux()
        && File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))
            is var line && (Convert.ToUInt64(line["SigIgn:".Length..].Trim(), 16) & 2) != 0;

    private static string[] Metrics(string run) =>
    [
        .. MetricsLog.Read(Path.Combine(run, "metrics.jsonl"))
            .Select(line => $"{line.Step} {string.Join(' ', line.Values.Select(v => $"{v.Key} {v.Value:R}"))}"),
    ];
}
