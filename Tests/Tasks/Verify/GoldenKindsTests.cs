using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Every kind of fixture, through the runner that <c>diffract verify</c> uses.</summary>
internal sealed class GoldenKindsTests
{
    [Test]
    public void The_copy_in_the_repository_passes()
    {
        if (Goldens.Repository is null) Assert.Ignore("the tests run away from the repository");
        var copy = Path.Combine(Goldens.Repository!, "Tests", "Golden");
        var reports = Verification.Run(new VerifyOptions(copy, Device.Cpu, null, []));
        var problems = reports.SelectMany(report => report.Problems.Select(problem => $"{report.Name}: {problem}"));
        Assert.That(problems, Is.Empty);
        Assert.That(reports.Select(report => report.Outcome), Is.All.EqualTo(CaseOutcome.Passed));
    }

    // In float32 a feedback's ReLU may fall on the other side of zero; what is left in float64 is the fixtures'
    // rounding.
    [Test]
    public void Whole_systems_pass_in_float64_too()
    {
        if (!Goldens.OfKind("system").Any())
            Assert.Ignore($"no golden fixture of the kind system; {Goldens.Variable} names the folder of fixtures");
        var folder = Path.GetDirectoryName(Goldens.File("manifest.json"))!;
        var reports = Verification.Run(new VerifyOptions(folder, Device.Cpu, DType.Float64,
            [.. Goldens.OfKind("system")]));
        Assert.That(reports.SelectMany(r => r.Problems.Select(problem => $"{r.Name}: {problem}")), Is.Empty);
        Assert.That(reports.Count(report => report.Outcome == CaseOutcome.Passed), Is.GreaterThan(0));
    }

    private static IEnumerable<string> AllKinds => Kinds.All.Keys.Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(AllKinds))]
    public void The_fixtures_of_a_kind_pass(string kind)
    {
        if (!Goldens.OfKind(kind).Any())
            Assert.Ignore($"no golden fixture of the kind {kind}; {Goldens.Variable} names the folder of fixtures");
        var folder = Path.GetDirectoryName(Goldens.File("manifest.json"))!;
        var reports = Verification.Run(new VerifyOptions(folder, Device.Cpu, null, [.. Goldens.OfKind(kind)]));
        var ran = reports.Where(report => report.Outcome != CaseOutcome.Skipped).ToArray();
        Assert.That(ran, Is.Not.Empty);
        Assert.That(ran.SelectMany(report => report.Problems.Select(problem => $"{report.Name}: {problem}")), Is.Empty);
    }
}
