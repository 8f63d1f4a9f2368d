using System.Text.Json.Nodes;
using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

internal sealed class VerificationTests
{
    private TemporaryGoldens goldens = null!;

    [SetUp]
    public void Make() => goldens = new TemporaryGoldens();

    [TearDown]
    public void Remove() => goldens.Dispose();

    // y = x · 2 for a single feature.
    private static (string, Tensor)[] Doubling(float y = 6, params (string, Tensor)[] more) =>
        [("x", Tensor.From([3f], [1, 1])), ("w", Tensor.From([2f], [1, 1])), ("y", Tensor.From([y], [1, 1])), .. more];

    private CaseReport Single() => goldens.Run().Single();

    [Test]
    public void A_case_passes_when_every_tensor_is_within_its_tolerance()
    {
        goldens.Add("a", "linear", "{}", Doubling());
        var report = Single();
        Assert.That(report.Outcome, Is.EqualTo(CaseOutcome.Passed), string.Join("\n", report.Problems));
        Assert.That(report.Worst!.Share, Is.Zero);
    }

    [Test]
    public void A_wrong_value_names_tensor_index_expected_and_found()
    {
        goldens.Add("a", "linear", "{}", Doubling(6.5f));
        var report = Single();
        Assert.That(report.Outcome, Is.EqualTo(CaseOutcome.Failed));
        Assert.That(report.Problems[0], Does.StartWith("y[0, 0]: expected 6.5, found 6, error 0.5, allowed"));
    }

    [Test]
    public void A_tensor_that_nobody_looks_at_fails_the_case()
    {
        goldens.Add("a", "linear", "{}", Doubling(6, ("momentum", Tensor.From(1f))));
        Assert.That(Single().Problems, Is.EqualTo(new[] { "momentum: this tensor was neither used nor checked" }));
    }

    [Test]
    public void An_unknown_kind_fails()
    {
        goldens.Add("a", "telepathy", "{}", Doubling());
        Assert.That(Single().Problems, Is.EqualTo(new[] { "unknown kind telepathy" }));
    }

    [Test]
    public void A_missing_file_fails_its_case_and_not_the_run()
    {
        goldens.Add("a", "linear");
        goldens.Add("b", "linear", "{}", Doubling());
        var reports = goldens.Run();
        Assert.That(reports.Select(r => r.Outcome), Is.EqualTo(new[] { CaseOutcome.Failed, CaseOutcome.Passed }));
        Assert.That(reports[0].Problems[0], Does.Contain("a.safetensors"));
    }

    [Test]
    public void A_damaged_file_fails_its_case_with_the_place()
    {
        goldens.Add("a", "linear", "{}", Doubling());
        var path = Path.Combine(goldens.Path, "a.safetensors");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^3]);
        Assert.That(Single().Problems[0], Does.Contain("a.safetensors").And.Contain("byte"));
    }

    [Test]
    public void A_fixture_without_kind_or_with_nonsense_fails_alone()
    {
        goldens.Add("a", "linear", "{}", Doubling()).Remove("kind");
        goldens.Add("b", "linear", "[]", Doubling());
        goldens.Add("c", "linear", "{}", Doubling());
        var reports = goldens.Run();
        Assert.That(reports.Select(r => r.Outcome),
            Is.EqualTo(new[] { CaseOutcome.Failed, CaseOutcome.Failed, CaseOutcome.Passed }));
    }

    [Test]
    public void A_manifest_that_says_another_shape_than_the_file_fails_the_case()
    {
        goldens.Add("a", "linear", "{}", Doubling())["tensors"]!["w"]!["shape"] = new JsonArray(2, 1);
        goldens.Write();
        Assert.That(Single().Problems[0], Is.EqualTo("w: the manifest says [2, 1], the file [1, 1]"));
    }

    [Test]
    public void Twins_must_have_the_same_bits()
    {
        var files = goldens.Add("a", "linear", "{}", Doubling())["files"]!.AsArray();
        files.Add("a.pt");
        goldens.Write();
        var path = Path.Combine(goldens.Path, "a.pt");
        TensorFile.Save(path, Doubling().Select(t => KeyValuePair.Create(t.Item1, t.Item2)));
        Assert.That(Single().Outcome, Is.EqualTo(CaseOutcome.Passed));
        TensorFile.Save(path, Doubling(6.000001f).Select(t => KeyValuePair.Create(t.Item1, t.Item2)));
        Assert.That(Single().Problems[0], Does.StartWith("y: a.pt has another content"));
    }

    [Test]
    public void Parts_are_joined()
    {
        var entry = goldens.Add("a", "linear", "{}", Doubling());
        entry["files"] = new JsonArray("a.part2of2.safetensors", "a.part1of2.safetensors");
        goldens.Write();
        File.Delete(Path.Combine(goldens.Path, "a.safetensors"));
        var tensors = Doubling().Select(t => KeyValuePair.Create(t.Item1, t.Item2)).ToArray();
        TensorFile.Save(Path.Combine(goldens.Path, "a.part1of2.safetensors"), tensors[..2]);
        TensorFile.Save(Path.Combine(goldens.Path, "a.part2of2.safetensors"), tensors[2..]);
        Assert.That(Single().Outcome, Is.EqualTo(CaseOutcome.Passed));
        entry["files"] = new JsonArray("a.part1of2.safetensors");
        goldens.Write();
        Assert.That(Single().Problems[0], Does.Contain("1 of the 2 parts"));
    }

    [Test]
    public void Filters_skip_what_none_of_them_matches()
    {
        foreach (var name in new[] { "ops-a", "ops-b", "io-a" }) goldens.Add(name, "linear", "{}", Doubling());
        var reports = goldens.Run(null, "ops-*", "*-b");
        Assert.That(VerifyReport.Summary(reports), Is.EqualTo("2 passed, 0 failed, 1 skipped"));
        Assert.That(() => goldens.Run(null, "["), Throws.TypeOf<VerifyException>());
    }

    [Test]
    public void Numbers_of_float64_are_calculated_in_float64()
    {
        goldens.Add("a", "linear", "{}", ("x", Tensor.From([1.0 / 3], [1, 1])), ("w", Tensor.From([3e-7], [1, 1])),
            ("y", Tensor.From([1e-7], [1, 1])));
        Assert.That(Single().Outcome, Is.EqualTo(CaseOutcome.Passed));
        Assert.That(goldens.Run(DType.Float32).Single().Outcome, Is.EqualTo(CaseOutcome.Failed));
    }

    [Test]
    public void Settings_that_no_runner_reads_are_named_when_a_case_fails()
    {
        goldens.Add("a", "linear", """{"quantise":true}""", Doubling(7));
        Assert.That(Single().Problems[^1], Does.EndWith("quantise"));
    }

    [Test]
    public void A_folder_without_manifest_is_an_error()
    {
        File.Delete(Path.Combine(goldens.Path, "manifest.json"));
        Assert.That(() => goldens.Run(), Throws.TypeOf<VerifyException>().With.Message.Contains("manifest.json"));
        File.WriteAllText(Path.Combine(goldens.Path, "manifest.json"), "{");
        Assert.That(() => goldens.Run(), Throws.TypeOf<VerifyException>().With.Message.Contains("not valid JSON"));
    }
}
