using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Every kind of fixture that is there, through the runner that <c>diffract verify</c> uses.</summary>
internal sealed class GoldenKindsTests
{
    private static IEnumerable<string> KindsThatRun =>
        Kinds.All.Keys.Where(kind => Goldens.OfKind(kind).Any()).Order(StringComparer.Ordinal).DefaultIfEmpty("none");

    [TestCaseSource(nameof(KindsThatRun))]
    public void The_fixtures_of_a_kind_pass(string kind)
    {
        var folder = Path.GetDirectoryName(Goldens.File("manifest.json"))!;
        var reports = Verification.Run(new VerifyOptions(folder, Device.Cpu, null, [.. Goldens.OfKind(kind)]));
        var ran = reports.Where(report => report.Outcome != CaseOutcome.Skipped).ToArray();
        Assert.That(ran, Is.Not.Empty);
        Assert.That(ran.SelectMany(report => report.Problems.Select(problem => $"{report.Name}: {problem}")), Is.Empty);
    }
}
