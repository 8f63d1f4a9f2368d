using System.Text.RegularExpressions;
using System.Xml.Linq;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class HtmlReportTests
{
    [Test]
    public void Every_text_is_escaped()
    {
        const string nasty = "<script>alert(\"1\")</script> & 'x'";
        var plot = CurvePlot.Draw(nasty, nasty, nasty, [new(nasty, [0], [1]), new("b", [0], [1])]);

        var html = new HtmlReport(nasty).Heading(nasty).Paragraph(nasty).Facts([(nasty, nasty)])
            .Table([nasty], [[nasty]], nasty).Plot(plot, nasty).Picture(new Image(2, 2), nasty)
            .Gallery([(new Image(2, 2), nasty)]).Preformatted(nasty).ToHtml();

        Assert.That(html, Does.Not.Contain("<script"));
        Assert.That(html, Does.Not.Contain("\"1\""), "quotation marks would end an attribute");
        Assert.That(Regex.Count(html, "&lt;script&gt;"), Is.EqualTo(16));
    }

    [Test]
    public void A_page_is_well_formed_and_needs_nothing_else()
    {
        var html = new HtmlReport("Report").Heading("One").Paragraph("Text.").Facts([("seed", "0")])
            .Table(["a", "b"], [["1", "x"], ["2", "y"]], "Numbers")
            .Plot(CurvePlot.Draw("Loss", "step", "loss", [new("a", [0, 1], [1, 2])]), "A plot")
            .Picture(Pictures.Pattern(5, 4), "A picture").Gallery([(Pictures.Pattern(5, 4), "")], zoom: 3)
            .Preformatted("a\n  b").ToHtml();

        // Void elements apart, the page is also XML.
        var xml = XDocument.Parse(Regex.Replace(html.Replace("<!DOCTYPE html>", ""), "<(meta|img)([^>]*)>", "<$1$2/>"));
        Assert.That(html, Does.Not.Contain("http:").And.Not.Contain("https:"));
        var sources = xml.Descendants("img").Select(image => (string)image.Attribute("src")!).ToArray();
        Assert.That(sources, Has.Length.EqualTo(3).And.All.StartWith("data:image/"));
        Assert.That((string?)xml.Descendants("img").Last().Attribute("width"), Is.EqualTo("15"));
        var png = Convert.FromBase64String(sources[1]["data:image/png;base64,".Length..]);
        Assert.That(ImageFile.Decode(png, "x").Pixels, Is.EqualTo(Pictures.Pattern(5, 4).Pixels));
    }

    [Test]
    public void Columns_of_numbers_are_aligned_to_the_right()
    {
        var html = new HtmlReport("Report").Table(["n", "name"], [["81.3 %", "x"], ["-2", "3"]]).ToHtml();

        Assert.That(html, Does.Contain("<th class=\"number\">n</th><th>name</th>"));
        Assert.That(html, Does.Contain("<td class=\"number\">-2</td><td>3</td>"));
    }

    [Test]
    public void A_row_of_another_length_is_refused() =>
        Assert.That(() => new HtmlReport("Report").Table(["a", "b"], [["1"]]), Throws.TypeOf<ArgumentException>());

    [Test]
    public void A_report_is_saved()
    {
        using var folder = new TemporaryFolder();

        new HtmlReport("Über").Save(folder["report.html"]);

        Assert.That(File.ReadAllText(folder["report.html"]), Does.StartWith("<!DOCTYPE html>").And.Contain("charset"));
    }
}
