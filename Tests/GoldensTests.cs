using System.Text.Json;
using NUnit.Framework;

namespace Diffract.Tests;

public sealed class GoldensTests
{
    [Test]
    public void The_copy_is_found_from_the_repository()
    {
        if (Goldens.Repository is null) Assert.Ignore("the tests run away from the repository");
        Assert.That(Goldens.TryFile("io/base.safetensors"), Is.Not.Null);
        Assert.That(Goldens.Entry("io/zip_plain.pt").GetProperty("kind").GetString(), Is.EqualTo("tensor_file"));
    }

    [Test]
    public void An_absent_fixture_skips_its_test_by_name()
    {
        var skipped = Assert.Throws<IgnoreException>(() => Goldens.File("ops/no_such_fixture.safetensors"));
        Assert.That(skipped.Message, Does.Contain("ops/no_such_fixture.safetensors"));
    }

    [Test]
    public void Every_file_of_the_copy_is_in_its_manifest_and_every_fixture_of_the_manifest_is_there()
    {
        if (Goldens.Repository is null) Assert.Ignore("the tests run away from the repository");
        var folder = Path.Combine(Goldens.Repository!, "Tests", "Golden");
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "manifest.json")));
        var listed = manifest.RootElement.EnumerateObject()
            .SelectMany(fixture => fixture.Value.GetProperty("files").EnumerateArray()
                .Select(file => file.GetString()!));
        var there = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'))
            .Where(path => path is not "manifest.json" and not "README.md");
        Assert.That(there, Is.EquivalentTo(listed));
    }
}
