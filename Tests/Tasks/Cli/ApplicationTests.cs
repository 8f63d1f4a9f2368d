using Diffract.Cli;
using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

internal sealed class ApplicationTests
{
    internal static Task<(int Code, string Output, string Error)> Run(params string[] args) => Run(new Gpus(), args);

    /// <summary>Runs the program on a machine with these GPUs.</summary>
    internal static async Task<(int Code, string Output, string Error)> Run(Gpus gpus, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Application.RunAsync(args, new Terminal(output, error, isInteractive: false), gpus);
        return (code, output.ToString(), error.ToString());
    }

    [TestCase("verfy", "unknown verb 'verfy'; did you mean 'verify'?")]
    [TestCase("zzz", "unknown verb 'zzz'")]
    [TestCase("verify", "DIR is missing")]
    [TestCase("verify a --fliter x", "unknown option '--fliter'; did you mean '--filter'?")]
    [TestCase("verify a b", "unknown argument 'b'")]
    [TestCase("verify a --dtype float3", "--dtype is float32 or float64, not 'float3'; did you mean 'float32'?")]
    [TestCase("verify a --threads 0", "--threads is a number from 1 to 1024, not '0'")]
    public async Task Wrong_usage_is_one_sentence_and_exit_code_2(string line, string problem)
    {
        var (code, output, error) = await Run(line.Split(' '));
        Assert.That(code, Is.EqualTo(2));
        Assert.That(output, Is.Empty);
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines[0], Does.EndWith($": {problem}"));
        Assert.That(lines[1], Does.StartWith("Run 'diffract").And.EndsWith("--help' for the usage."));
        Assert.That(lines, Has.Length.EqualTo(2));
    }

    [Test]
    public async Task Without_arguments_the_verbs_are_listed()
    {
        var (code, _, error) = await Run();
        Assert.That(code, Is.EqualTo(2));
        Assert.That(error, Does.Contain("verify <DIR>").And.Contain("devices"));
    }

    [Test]
    public async Task Every_verb_has_a_help_page_with_an_example()
    {
        using var error = new StringWriter();
        var terminal = new Terminal(TextWriter.Null, error, isInteractive: false);
        foreach (var verb in Application.MakeRoot(terminal, CommonOptions.Debug(), new Gpus()).Subcommands)
        {
            var (code, output, _) = await Run(verb.Name, "--help");
            Assert.That(code, Is.Zero);
            Assert.That(output, Does.Contain("Example").And.Contain($"  diffract {verb.Name}"));
            Assert.That(verb.Description, Is.Not.Empty.And.Not.EndsWith("."));
            foreach (var symbol in verb.Options.Cast<System.CommandLine.Symbol>().Concat(verb.Arguments))
                Assert.That(symbol.Description, Is.Not.Empty, $"{verb.Name} {symbol.Name}");
        }
    }

    [Test]
    public async Task Failures_are_one_sentence_and_exit_code_1()
    {
        var (code, output, error) = await Run("verify", "no-such-folder");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.StartWith("device: ").And.EndsWith(
            "\ndiffract: no-such-folder: no such folder" + Environment.NewLine));
    }

    [Test]
    public async Task Devices_lists_the_cpu()
    {
        var (code, output, _) = await Run("devices");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("cpu").And.Match(@"\d+ bits"));
    }

    [Test]
    public async Task A_cancelled_run_says_so_and_returns_130()
    {
        using var folder = new TemporaryGoldens();
        folder.Add("a", "linear");
        using var error = new StringWriter();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        var code = await Application.RunAsync(
            ["verify", folder.Path], new Terminal(TextWriter.Null, error, false), cancelled.Token);
        Assert.That(code, Is.EqualTo(130));
        Assert.That(error.ToString(), Does.EndWith("\ndiffract: stopped" + Environment.NewLine));
    }

    [Test]
    public void A_fault_of_the_program_is_called_one_and_shows_where_only_when_asked()
    {
        using var error = new StringWriter();
        var terminal = new Terminal(TextWriter.Null, error, false);
        Assert.That(Failure.Report(terminal, new InvalidOperationException("x is 3"), debug: false), Is.EqualTo(1));
        Assert.That(error.ToString(), Does.Contain("fault of this program").And.Contain("--debug"));
        error.GetStringBuilder().Clear();
        try
        {
            throw new IOException("No space left on device : '/data/out.bin'");
        }
        catch (IOException e)
        {
            Failure.Report(terminal, e, debug: true);
        }
        Assert.That(error.ToString(), Does.StartWith("diffract: No space left on device : '/data/out.bin'"));
        Assert.That(error.ToString(), Does.Contain("   at "));
    }
}
