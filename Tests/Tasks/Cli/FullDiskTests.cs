using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>A disk that takes no more: a limit on the size of files stands for it, in a process of its own.</summary>
[Platform(Exclude = "Win")]
internal sealed class FullDiskTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public void Features_that_do_not_fit_leave_the_old_file()
    {
        var network = Work.Network(folder.Path);
        File.WriteAllText(folder["f.safetensors"], "old");
        string[] command = ["features", "--network", network, "--data", folder["pictures"], "--timesteps", "20",
            "--blocks", "3", "--draws", "8", "--force", "--out", folder["f.safetensors"]];
        FailsOnFull(4, command, "t20.b3.bin");
        Assert.That(File.ReadAllText(folder["f.safetensors"]), Is.EqualTo("old"));

        // When there is room again, it goes on.
        var (code, _, error) = ProgramProcess.Run(command);
        Assert.That(code, Is.Zero, error);
    }

    [Test]
    public void A_conversion_that_does_not_fit_leaves_the_old_file()
    {
        using (var scope = Scope.Open())
        {
            var tensors = new Dictionary<string, Tensor> { ["w"] = Tensor.From(new float[5000], [5000]) };
            TensorFile.Save(folder["w.safetensors"], tensors);
        }
        File.WriteAllText(folder["old.pt"], "old");
        FailsOnFull(4, ["convert", folder["w.safetensors"], folder["old.pt"], "--force"], "old.pt");
        Assert.That(File.ReadAllText(folder["old.pt"]), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(2));
    }

    // The limit is in blocks of 512 bytes, or of 1024 in some shells. It would also hold for memory that the runtime
    // maps twice, so that is switched off, and for a signal that would kill the process before it can explain.
    private static void FailsOnFull(int blocks, string[] command, string file)
    {
        using var program = ProgramProcess.StartAfter(
            $"trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f {blocks}", command);
        var (code, output, error) = program.End();
        Assert.That(code, Is.EqualTo(1), error);
        Assert.That(output, Is.Empty);
        var said = error.Split('\n').Where(line => line.StartsWith("diffract", StringComparison.Ordinal)).ToArray();
        Assert.That(said, Has.Length.EqualTo(1), error);
        Assert.That(said[0], Does.Contain(file).And.Contain("allows no file as large as this one would be"));
        Assert.That(error, Does.Not.Contain("   at "));
    }
}
