using Diffract.Cases;
using Diffract.Tests.House;
using NUnit.Framework;

namespace Diffract.Tests.OpTable;

/// <summary>docs/ops.md is what the op table says.</summary>
public sealed class OpsPageTests
{
    private static readonly string page = Path.Combine(Source.Root, "docs", "ops.md");

    [Test]
    public void The_page_of_operations_is_up_to_date()
    {
        var text = OpsPage.Text();
        if (Environment.GetEnvironmentVariable("DIFFRACT_UPDATE_DOCS") == "1") File.WriteAllText(page, text);
        Assert.That(File.Exists(page) ? File.ReadAllText(page) : "", Is.EqualTo(text), "docs/ops.md is out of date; "
            + "run DIFFRACT_UPDATE_DOCS=1 dotnet test Tests --filter FullyQualifiedName~OpsPageTests");
    }
}
