using Diffract.Cli;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>What is wrong in the words of a command line alone: exit code 2, and a sentence that says what was expected
/// and what was found.</summary>
internal sealed class UsageTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [TestCase("knn --train a", "--test is needed: Test features")]
    [TestCase("knn --train a --test b --k five", "--k takes numbers with commas between them, found 'five'")]
    [TestCase("train --features f --blocks 0", "--blocks takes different numbers from 1 with commas")]
    [TestCase("train --features f --timesteps -1", "--timesteps takes different numbers from 0 with commas")]
    [TestCase("train --features f --data d", "--features and --data do not go together: leave one out")]
    [TestCase("train --features f --head mlp --hidden 0",
        "--hidden takes whole numbers from 1 with commas between them, found '0'")]
    [TestCase("train --features f --head mlp --hidden ,",
        "--hidden takes whole numbers from 1 with commas between them, found ','")]
    [TestCase("train --features f --head cnn --channels 5",
        "--channels takes 2 whole numbers from 1 with commas between them, found '5'")]
    [TestCase("train --features f --head cnn --channels 5,0",
        "--channels takes 2 whole numbers from 1 with commas between them, found '5,0'")]
    [TestCase("train --features f --head attention --width 10 --heads 4",
        "--width is divided among --heads, and 10 is no multiple of 4")]
    [TestCase("train --features f --head attention --heads 0", "--heads is a whole number from 1, not '0'")]
    [TestCase("train --features f --head cnn --hidden 5", "--hidden is for the mlp head, and the head is cnn")]
    [TestCase("train --data d --network n --first-blocks 3", "--first-blocks says how feedback is")]
    [TestCase("train --data d --network n --network-lr 1", "--network-lr says how fast the network learns")]
    [TestCase("train --data d --network n --feedback bottelneck",
        "such as 21,24:14; not 'bottelneck'; did you mean 'bottleneck'?")]
    [TestCase("train --features f --head lineer", "not 'lineer'; did you mean 'linear'?")]
    [TestCase("train --features f --device cdua", "not 'cdua'; did you mean 'cuda'?")]
    [TestCase("train --features f --seed -1", "--seed is a whole number from 0 to 18446744073709551615, not '-1'")]
    [TestCase("train --features f --seed one", "--seed is a whole number from 0 to 18446744073709551615, not 'one'")]
    [TestCase("train --features f --name ..", "--name is the name of a run, or the path of its folder, not '..'")]
    [TestCase("sample --network n --eta 1", "--eta is for --sampler ddim")]
    [TestCase("edit a --network n --points 3", "--points lie between two images, found 1")]
    [TestCase("pretrain --data d --ema 2", "--ema takes different numbers from 0 that are less than 1")]
    [TestCase("pretrain --data d --memory-budget much", "--memory-budget takes a size such as 6GiB")]
    [TestCase("pretrain --data d --image-size 8 --channel-mult 1 --attention 7", "--attention: no map has a side of 7")]
    [TestCase("convert a b.txt", "b.txt: the name must end in .safetensors, .pt or .pth")]
    [TestCase("train --name t", "train needs a feature file (--features), or images")]
    [TestCase("train --features f --head diffeed", "diffeed runs the network twice")]
    [TestCase("features --data d --network n --out f.safetensors --shard 3 --of 2", "--shard goes from 0 to 1")]
    [TestCase("features --data d --network n --out f", "--out is a file that ends in .safetensors, .pt or .pth")]
    [TestCase("sweep --features f --lr 0", "--lr takes different numbers above 0")]
    [TestCase("verify a --memory lean --dtype float64", "--memory lean calculates in float32")]
    public async Task Words_that_cannot_be_meant_are_wrong_usage(string line, string problem)
    {
        var (code, output, error) = await ApplicationTests.Run(line.Split(' '));
        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.Contain($"diffract {line.Split(' ')[0]}: ").And.Contain(problem)
            .And.Contain("--help' for the usage"));
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("runs/..")]
    public async Task A_run_has_a_name(string name)
    {
        var (code, _, error) = await ApplicationTests.Run("train", "--features", "f", "--name", name);
        Assert.That(code, Is.EqualTo(2), error);
    }

    [Test]
    public void A_name_with_folders_is_a_path()
    {
        var path = Path.Combine("out", "probe");
        Assert.That(RunOptions.FolderOf(path), Is.EqualTo(path));
        Assert.That(RunOptions.FolderOf("out/probe"), Is.EqualTo("out/probe"));
        Assert.That(RunOptions.FolderOf("probe"), Is.EqualTo(Path.Combine(RunFolder.DefaultParent, "probe")));
        if (!OperatingSystem.IsWindows())
            Assert.That(RunOptions.FolderOf("out\\probe"),
                Is.EqualTo(Path.Combine(RunFolder.DefaultParent, "out\\probe")));
    }

    [Test]
    public async Task A_run_whose_name_is_taken_says_which_it_got()
    {
        var network = Work.Network(folder.Path);
        var line = $"knn --train {{pictures}} --test {{pictures}} --network {network} --timesteps 20 --blocks 3 --k 1 "
            + "--name {near}";
        Assert.That((await folder.Succeed(line)).Error, Does.Not.Contain("exists"));
        Assert.That((await folder.Succeed(line)).Error,
            Does.Contain($"{folder["near"]} exists: this run is {folder["near-2"]}"));
        Assert.That((await ApplicationTests.Run("knn", "--help")).Output, Does.Contain("runs/NAME-2"));
    }

    [Test]
    public async Task A_run_that_was_stopped_before_it_made_anything_stays_only_where_it_can_be_resumed()
    {
        var network = Work.Network(folder.Path);
        Assert.That(await Stopped("knn", "--train", folder["pictures"], "--test", folder["pictures"], "--network",
            network, "--timesteps", "20", "--blocks", "3", "--k", "1", "--name", folder["near"]), Is.EqualTo(130));
        Assert.That(await Stopped("sweep", "--features", folder["pictures"], "--network", network, "--timesteps", "20",
            "--blocks", "3", "--name", folder["probes"]), Is.EqualTo(130));
        Assert.That(Directory.Exists(folder["near"]), Is.False);
        Assert.That(File.Exists(folder["probes/recipe.json"]));

        static async Task<int> Stopped(params string[] line)
        {
            using var stop = new CancellationTokenSource();
            using var error = new Stopping(stop);
            return await Application.RunAsync(line, new Terminal(TextWriter.Null, error, false), stop.Token);
        }
    }

    [Test]
    public async Task What_cannot_be_written_is_named_as_it_was_asked_for()
    {
        await File.WriteAllTextAsync(folder["file"], "");
        var network = Work.Network(folder.Path);
        var extract = $"features --network {network} --data {{pictures}} --timesteps 20 --blocks 3 --out ";
        await folder.Succeed(extract + "{f}.safetensors");
        var file = folder["file"];
        await folder.Fail(extract + "{file}/f.safetensors",
            $"{folder["file/f.safetensors"]} cannot be written: {file} is a file, not a folder");
        await folder.Fail("train --features {f}.safetensors --lr 1e-2 --name {file}/run",
            $"{folder["file/run"]} cannot be written: {file} is a file, not a folder");
        await folder.Fail("convert {f}.safetensors {file}/f.pt",
            $"{folder["file/f.pt"]} cannot be written: {file} is a file, not a folder");
        if (OperatingSystem.IsLinux())
            await folder.Fail(extract + "/proc/f.safetensors",
                "/proc/f.safetensors cannot be written: nothing can be made in /proc");
    }

    // Asks to stop when the program says on which device it works.
    private sealed class Stopping(CancellationTokenSource stop) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            stop.Cancel();
        }
    }
}
