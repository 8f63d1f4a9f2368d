using NUnit.Framework;

namespace Diffract.Tests;

public sealed class GoldensTests
{
    [Test]
    public void The_small_copy_is_found_from_the_repository()
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
}
