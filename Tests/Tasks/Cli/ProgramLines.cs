using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>Lines of the program whose files are in a folder of the test: <c>{name}</c> stands for one.</summary>
internal static partial class ProgramLines
{
    extension(TemporaryFolder folder)
    {
        /// <summary>Runs the program, without <c>diffract</c> in front.</summary>
        public Task<(int Code, string Output, string Error)> Run(string line) => ApplicationTests.Run(
            [.. line.Split(' ').Select(word => Name().Replace(word, match => folder[match.Groups[1].Value]))]);

        /// <summary>The same, where it has to end well.</summary>
        public async Task<(int Code, string Output, string Error)> Succeed(string line)
        {
            var result = await folder.Run(line);
            Assert.That(result.Code, Is.Zero, result.Error);
            return result;
        }

        /// <summary>The same, where it has to end with one sentence that says the problem, and leave the folder as it
        /// was.</summary>
        public async Task Fail(string line, string problem)
        {
            var before = Directory.GetFileSystemEntries(folder.Path);
            var (code, output, error) = await folder.Run(line);
            Assert.That(code, Is.InRange(1, 2));
            Assert.That(output, Is.Empty);
            var said = error.Split('\n').Where(text => text.StartsWith("diffract", StringComparison.Ordinal)).ToArray();
            Assert.That(said, Has.Length.EqualTo(1), error);
            Assert.That(said[0], Does.Contain(problem));
            Assert.That(error, Does.Not.Contain("   at ").And.Not.Contain("fault of this program"));
            Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.EquivalentTo(before));
        }
    }

    [GeneratedRegex(@"\{([\w-]+)\}")]
    private static partial Regex Name();
}
