using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Diffract.Tests.House;

/// <summary>House rules on source text.</summary>
internal sealed partial class TextTests
{
    private const int SoftLimit = 300;
    private const int HardLimit = 400;
    private const int Columns = 120;

    private static readonly string[] prose = ["*.cs", "*.md", "*.csproj", "*.props", "*.sh", "*.yml"];

    [Test]
    public void No_source_file_is_longer_than_the_hard_limit()
    {
        var lengths = Source.Files("*.cs").Select(file => (File: file, Lines: Source.Lines(file).Length)).ToArray();
        foreach (var (file, lines) in lengths.Where(l => l.Lines > SoftLimit))
            TestContext.Out.WriteLine($"over the soft limit of {SoftLimit} lines: {file} ({lines})");
        Assert.That(lengths.Where(l => l.Lines > HardLimit), Is.Empty);
    }

    [Test]
    public void No_line_of_source_is_wider_than_the_limit() => Assert.That(
        from file in Source.Files("*.cs")
        from line in Source.Lines(file).Select((text, i) => (Text: text, Number: i + 1))
        where line.Text.Length > Columns
        select $"{file}:{line.Number} ({line.Text.Length} columns)",
        Is.Empty);

    [Test]
    public void No_text_names_a_path_of_one_machine() => Assert.That(
        prose.SelectMany(pattern => Find(pattern, MachinePath().IsMatch)), Is.Empty);

    [Test]
    public void Comments_and_documents_are_in_british_spelling() => Assert.That(
        Find("*.cs", line => Comment().Match(line) is { Success: true } comment && IsAmerican(comment.Value))
            .Concat(Find("*.md", IsAmerican)),
        Is.Empty);

    [Test]
    public void There_are_no_regions_and_no_unfinished_notes() => Assert.That(
        Find("*.cs", line => Unfinished().IsMatch(line)), Is.Empty);

    // A line of an example is code, though it stands in a comment.
    private static bool IsAmerican(string line) =>
        !line.TrimEnd().EndsWith(';') && American().IsMatch(line) && American().IsMatch(Code().Replace(line, ""));

    private static IEnumerable<string> Find(string pattern, Predicate<string> isWrong) =>
        from file in Source.Files(pattern)
        where !file.EndsWith("House/TextTests.cs", StringComparison.Ordinal)
        from line in Source.Lines(file).Select((text, i) => (Text: text, Number: i + 1))
        where isWrong(line.Text)
        select $"{file}:{line.Number}: {line.Text.Trim()}";

    [GeneratedRegex(@"(^|[^\w.~-])/(work|home|tmp|root|mnt|Users)/\w|[A-Z]:\\\\?Users")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"//.*$")]
    private static partial Regex Comment();

    // Names of code keep their own spelling: <c>…</c>, `…`, tags and identifiers with capitals or dots inside.
    [GeneratedRegex(@"<c>.*?</c>|<code>.*?</code>|`[^`]*`|<[^>]*>|\w+\.\w[\w.]*|\w*_\w*|[A-Za-z]+[A-Z]\w*")]
    private static partial Regex Code();

    [GeneratedRegex(@"\b((initial|normal|optim|quant|synchron|serial|parallel|special|minim|maxim|summar|recogn|organ"
        + @"|general|real|random|general|categor|visual|central|token)iz\w*|colors?|colored|behaviors?|favor\w*"
        + @"|neighbor\w*|center(s|ed|ing)?|(?-i:gray\w*)|labeled|labeling|modeling|modeled|canceled|analyz\w*"
        + @"|artifacts?)\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex American();

    [GeneratedRegex(@"^\s*#(end)?region\b|\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex Unfinished();
}
