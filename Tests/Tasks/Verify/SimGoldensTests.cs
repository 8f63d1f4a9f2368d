using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Fixtures of the original code with a GPU's kernels, on the simulated device: every operation, the blocks of
/// a U-Net, heads, optimisers, metrics, and a whole U-Net forward and backward.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class SimGoldensTests
{
    [TestCase("ops/*")]
    [TestCase("blocks/*")]
    [TestCase("heads/*")]
    [TestCase("optim/*")]
    [TestCase("metrics/*")]
    [TestCase("adm_tiny/io", Explicit = true, Category = "long")]
    public void Fixtures_pass_on_the_simulated_device(string filter)
    {
        if (Goldens.Repository is null) Assert.Ignore("the tests run away from the repository");
        var folder = Path.Combine(Goldens.Repository!, "Tests", "Golden");
        var reports = Verification.Run(new VerifyOptions(folder, new SimDevice(), null, [filter]));
        Assert.That(reports.SelectMany(r => r.Problems.Select(problem => $"{r.Name}: {problem}")), Is.Empty);
        Assert.That(reports.Count(r => r.Outcome == CaseOutcome.Passed), Is.GreaterThan(0));
    }
}
