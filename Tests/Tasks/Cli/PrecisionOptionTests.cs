using Diffract.Engine;
using Diffract.Tasks;
using Diffract.Tests.Engine.Cuda;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>The option <c>--precision</c>, with GPUs and without.</summary>
internal sealed class PrecisionOptionTests
{
    private static readonly Gpus none = new(() => throw new DeviceException("there is no driver"), null);

    private TemporaryFolder folder = null!;

    [SetUp]
    public void Make()
    {
        folder = new TemporaryFolder();
        Work.Folder(folder["pictures"], perClass: 2, size: 2);
    }

    [TearDown]
    public void Remove() => folder.Dispose();

    [TestCase("half")]
    [TestCase("Float16")]
    [TestCase("float64")]
    public async Task Other_words_are_wrong_usage(string word)
    {
        foreach (var verb in (string[])["features", "train", "evaluate h", "pretrain"])
        {
            var (code, output, error) = await ApplicationTests.Run(none, [.. verb.Split(' '), "--precision", word]);
            Assert.That(code, Is.EqualTo(2), verb);
            Assert.That(output, Is.Empty);
            Assert.That(error, Does.Contain($"--precision is auto or float32 or tf32x3 or tf32 or float16 or bfloat16, "
                + $"not '{word}'"));
        }
    }

    [TestCase("pretrain", "auto (default) is bfloat16 on a GPU")]
    [TestCase("train", "auto (default) is float16 on a GPU")]
    [TestCase("train", "Heads calculate in float32")]
    public async Task Help_says_what_it_covers(string verb, string words)
    {
        var (_, output, _) = await ApplicationTests.Run(none, verb, "--help");
        Assert.That(string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)),
            Does.Contain(words));
    }

    [TestCase("auto", "Float32", "float32")]
    [TestCase("bfloat16", "BFloat16", "bfloat16")]
    [TestCase("float16", "Float16", "float16")]
    public async Task On_the_cpu(string word, string kept, string said)
    {
        var (code, _, error) = await ApplicationTests.Run(none, Pretrain("--precision", word));
        Assert.That(code, Is.Zero, error);
        Assert.That(error, Does.Contain($"4 images, {said}, run folder"));
        Assert.That(await Recipe(), Does.Contain($"\"precision\": \"{kept}\""));
    }

    [Test]
    public async Task Auto_on_a_gpu_is_bfloat16_and_stays_so_on_the_cpu()
    {
        using var driver = new MockDriver();
        var gpus = new Gpus(driver.Load, new CudaOptions { CacheFolder = null });
        var (code, _, error) = await ApplicationTests.Run(gpus, Pretrain());
        Assert.That(code, Is.Zero, error);
        Assert.That(error, Does.Contain("4 images, bfloat16, run folder"));
        var recipe = await Recipe();
        Assert.That(recipe, Does.Contain("\"precision\": \"BFloat16\""));

        await Keep(recipe.Replace("\"steps\": 1", "\"steps\": 2", StringComparison.Ordinal));
        (code, var output, error) = await ApplicationTests.Run(none, "pretrain", "--resume", folder["run"]);
        Assert.That(code, Is.Zero, error);
        Assert.That(error, Does.Contain("4 images, bfloat16, run folder").And.Contain("going on after step 1 of 2"));
        Assert.That(output, Does.StartWith("2 steps"));
    }

    [TestCase("tf32")]
    [TestCase("tf32x3")]
    public async Task Tf32_is_refused_where_there_is_none(string word)
    {
        var before = Directory.GetFileSystemEntries(folder.Path);
        var (code, output, error) = await ApplicationTests.Run(none, Pretrain("--precision", word));
        Refused();
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.EquivalentTo(before));

        (code, _, error) = await ApplicationTests.Run(none, Pretrain());
        Assert.That(code, Is.Zero, error);
        var precision = word == "tf32" ? NetworkPrecision.Tf32 : NetworkPrecision.Tf32x3;
        await Keep((await Recipe()).Replace("Float32", $"{precision}", StringComparison.Ordinal));
        (code, output, error) = await ApplicationTests.Run(none, "pretrain", "--resume", folder["run"]);
        Refused();

        void Refused()
        {
            Assert.That(code, Is.EqualTo(1));
            Assert.That(output, Is.Empty);
            Assert.That(error, Does.Contain($"diffract: cpu has no TF32, which --precision {word} needs: it takes a "
                + "GPU of compute capability 8.0 or later"));
        }
    }

    private string[] Pretrain(params string[] more) => ["pretrain", "--data", folder["pictures"], "--image-size", "2",
        "--channels", "32", "--channel-mult", "1", "--res-blocks", "1", "--attention", "", "--batch", "2", "--steps",
        "1", "--sample-every", "0", "--name", folder["run"], .. more];

    private Task<string> Recipe() => File.ReadAllTextAsync(Path.Combine(folder["run"], "recipe.json"));

    private Task Keep(string recipe) => File.WriteAllTextAsync(Path.Combine(folder["run"], "recipe.json"), recipe);
}
