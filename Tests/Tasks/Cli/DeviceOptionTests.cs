using System.CommandLine;
using Diffract.Cli;
using Diffract.Engine;
using Diffract.Tasks;
using Diffract.Tests.Engine.Cuda;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>The option <c>--device</c> and the verb <c>devices</c>, with GPUs and without.</summary>
internal sealed class DeviceOptionTests
{
    private const string NoDriver = "there is no NVIDIA driver on this machine (libcuda.so.1 was not found)";

    private static readonly Gpus none =
        new(() => throw new DeviceException(NoDriver + ". Install one, or use --device cpu."), null);

    private TemporaryFolder folder = null!;

    [OneTimeSetUp]
    public void Make()
    {
        folder = new TemporaryFolder();
        Work.Network(folder.Path, Work.Tiny with
        {
            ImageSize = 2,
            ChannelMult = [1],
            AttentionSizes = [],
            Steps = 1,
        });
    }

    [OneTimeTearDown]
    public void Remove() => folder.Dispose();

    [TestCase("auto")]
    [TestCase("cuda")]
    [TestCase("cuda:1")]
    public async Task Features_on_a_gpu(string device)
    {
        using var driver = new MockDriver();
        var (code, _, error) = await ApplicationTests.Run(Of(driver), [.. Features(device), "--device", device]);
        Assert.That(code, Is.Zero, error);
        var name = device == "cuda:1" ? "cuda:1" : "cuda:0";
        Assert.That(error, Does.StartWith(
            $"device: {name}, Mock GPU, 1.0 GiB, compute capability 8.0, CUDA driver 12.4" + Environment.NewLine));
        Assert.That(driver.Launches + driver.Count("cuGraphLaunch"), Is.GreaterThan(0));
        Assert.That(driver.Held, Is.Empty);
    }

    [Test]
    public async Task Auto_without_a_gpu_is_the_cpu_and_says_why()
    {
        var (code, _, error) = await ApplicationTests.Run(none, Features("none"));
        Assert.That(code, Is.Zero, error);
        Assert.That(error, Does.Match(@"^device: cpu, .+, \d+ threads? \(no GPU: ")
            .And.Contains($"(no GPU: {NoDriver})"));

        using var old = new MockDriver { Architecture = 61 };
        (code, _, error) = await ApplicationTests.Run(Of(old), Features("old"));
        Assert.That(code, Is.Zero, error);
        Assert.That(error, Does.StartWith("device: cpu, ").And.Contains("(no GPU: cuda:0 (Mock GPU) has compute "
            + "capability 6.1; at least 7.5 (Turing) is needed)"));
        Assert.That(old.Held, Is.Empty);
    }

    [TestCase("cpu", @"^device: cpu, .+, \d+ threads?\r?\n")]
    [TestCase("sim", @"^device: sim, compute capability 8\.0\r?\n")]
    public async Task A_device_by_name(string device, string line)
    {
        var (code, _, error) = await ApplicationTests.Run(none, [.. Features(device), "--device", device]);
        Assert.That(code, Is.Zero, error);
        Assert.That(error, Does.Match(line));
    }

    [TestCase("features")]
    [TestCase("pretrain")]
    [TestCase("quickstart")]
    public async Task A_gpu_that_is_not_there_is_an_error_that_leaves_nothing(string verb)
    {
        string[] line = verb switch
        {
            "features" => Features("absent"),
            "pretrain" => ["pretrain", "--data", folder["pictures"], "--name", folder["absent"]],
            _ => ["quickstart", "--name", folder["absent"]],
        };
        var before = Directory.GetFileSystemEntries(folder.Path);
        var (code, output, error) = await ApplicationTests.Run(none, [.. line, "--device", "cuda"]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output, Is.Empty);
        Assert.That(error,
            Is.EqualTo($"diffract: {NoDriver}. Install one, or use --device cpu." + Environment.NewLine));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.EquivalentTo(before));

        using var driver = new MockDriver();
        (code, _, error) = await ApplicationTests.Run(Of(driver), [.. line, "--device", "cuda:2"]);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.StartWith("diffract: there is no cuda:2: this process may use cuda:0 to cuda:1"));
    }

    [TestCase("gpu")]
    [TestCase("cuda:")]
    [TestCase("cuda:x")]
    [TestCase("cuda:-1")]
    [TestCase("CUDA")]
    public async Task Other_words_are_wrong_usage(string word)
    {
        foreach (var verb in (string[])["features", "train", "evaluate h", "pretrain", "quickstart", "verify d"])
        {
            var (code, output, error) = await ApplicationTests.Run(none, [.. verb.Split(' '), "--device", word]);
            Assert.That(code, Is.EqualTo(2), verb);
            Assert.That(output, Is.Empty);
            Assert.That(error, Does.Contain($"--device is auto or cpu or cuda or cuda:N or sim, not '{word}'"));
        }
    }

    [Test]
    public void Tuning_can_be_turned_off([Values] bool tunes)
    {
        using var driver = new MockDriver();
        var words = new DeviceWords();
        var root = new RootCommand();
        foreach (var option in words.Options) root.Add(option);
        using var output = new StringWriter();
        var parsed = root.Parse(tunes ? "--device cuda" : "--device cuda --no-tuning");
        using var gpu = (CudaDevice)words.Open(parsed, Of(driver), new Terminal(output, output, false));
        Assert.That(gpu.Tuner is not null, Is.EqualTo(tunes));
    }

    [Test]
    public async Task A_run_begun_on_a_gpu_is_resumed_on_the_cpu_and_both_are_noted()
    {
        using var driver = new MockDriver();
        var (code, _, error) = await ApplicationTests.Run(none, Features("learnt"));
        Assert.That(code, Is.Zero, error);
        (code, _, error) = await ApplicationTests.Run(Of(driver), "train", "--features", folder["learnt.safetensors"],
            "--lr", "1e-2", "--epochs", "1", "--validation", "0.3", "--batch", "4", "--name", folder["run"]);
        Assert.That(code, Is.Zero, error);
        var recipe = await File.ReadAllTextAsync(Path.Combine(folder["run"], "recipe.json"));
        await File.WriteAllTextAsync(Path.Combine(folder["run"], "recipe.json"),
            recipe.Replace("\"epochs\": 1", "\"epochs\": 2", StringComparison.Ordinal));
        (code, var output, error) = await ApplicationTests.Run(
            Of(driver), "train", "--resume", folder["run"], "--device", "cpu");
        Assert.That(code, Is.Zero, error);
        Assert.That(output, Does.Contain(" of 2: "));
        Assert.That(RunFolder.Open(folder["run"]).Environments().Select(e => e.Device.Split(',')[0]),
            Is.EqualTo(new[] { "cuda:0", "cpu" }));
    }

    [Test]
    public async Task Devices_are_listed()
    {
        using var driver = new MockDriver();
        var (code, output, _) = await ApplicationTests.Run(Of(driver), "devices");
        Assert.That(code, Is.Zero);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd()).ToArray();
        Assert.That(lines.Select(l => l.Split(' ')[0]),
            Is.EqualTo(new[] { "device", "cpu", "cuda:0", "cuda:1", "sim" }));
        Assert.That(lines[2],
            Does.Match(@"Mock GPU +1\.0 GiB +compute capability 8\.0, \d+ multiprocessors, CUDA driver 12\.4$"));
        Assert.That(driver.Held, Is.Empty);

        (code, output, _) = await ApplicationTests.Run(none, "devices");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.EndWith($"no GPU: {NoDriver}" + Environment.NewLine).And.Not.Contain("cuda:"));

        using var old = new MockDriver { Architecture = 61, Devices = 1 };
        (_, output, _) = await ApplicationTests.Run(Of(old), "devices");
        Assert.That(output, Does.Match("cuda:0 +cannot be used +.*compute capability 6.1"));
    }

    private static Gpus Of(MockDriver driver) => new(driver.Load, new CudaOptions { CacheFolder = null });

    private string[] Features(string name) => ["features", "--network", folder["network"] + "/ema.safetensors",
        "--data", folder["pictures"], "--timesteps", "20", "--blocks", "1", "--batch", "6", "--out",
        folder[name.Replace(':', '-') + ".safetensors"]];
}
