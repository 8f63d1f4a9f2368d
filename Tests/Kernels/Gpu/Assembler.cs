using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>What NVIDIA's assembler says about a kernel.</summary>
/// <param name="Registers">Registers of a thread.</param>
/// <param name="Stack">Bytes of a thread's own memory.</param>
/// <param name="Spills">Bytes that did not fit the registers.</param>
/// <param name="Shared">Bytes of shared memory of a block.</param>
internal sealed record Assembled(int Registers, int Stack, int Spills, int Shared);

/// <summary>NVIDIA's assembler, where there is one: in DIFFRACT_PTXAS, or on the path.</summary>
internal static partial class Assembler
{
    // The assembler takes longer to start than to assemble a kernel: it gets many at a time.
    private const int AtATime = 32;

    /// <summary>Its path; null when there is none.</summary>
    public static string? Path { get; } = Find();

    /// <summary>Assembles modules with one entry point each.</summary>
    /// <exception cref="InvalidOperationException">It does not take one; the message has what it says.</exception>
    public static Assembled[] Run(IReadOnlyList<string> texts, int architecture)
    {
        var results = new Assembled[texts.Count];
        // What stands before the entry point must be the same for all of a module.
        var chunks = Enumerable.Range(0, texts.Count).GroupBy(i => texts[i][..Start(texts[i])])
            .SelectMany(group => group.Chunk(AtATime).Select(chunk => (Head: group.Key, Texts: chunk))).ToList();
        Parallel.ForEach(chunks, chunk =>
        {
            var module = new StringBuilder(chunk.Head);
            foreach (var i in chunk.Texts)
                module.Append(Entry().Replace(texts[i][Start(texts[i])..], $".entry K{i}(", 1));
            var said = Assemble(module.ToString(), architecture);
            foreach (var i in chunk.Texts)
            {
                var from = said.IndexOf($"'K{i}'", StringComparison.Ordinal);
                var to = said.IndexOf("Compiling entry function", from, StringComparison.Ordinal);
                var about = to < 0 ? said[from..] : said[from..to];
                results[i] = new(Number(Registers(), about), Number(Stack(), about), Number(Spills(), about),
                    Number(Shared(), about));
            }
        });
        return results;
    }

    private static int Start(string text) => text.IndexOf(".visible .entry", StringComparison.Ordinal);

    private static string Assemble(string text, int architecture)
    {
        var file = System.IO.Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            var start = new ProcessStartInfo(Path!, ["-v", $"-arch=sm_{architecture}", "-O3", file, "-o", "/dev/null"])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            var other = process.StandardOutput.ReadToEndAsync();
            var said = process.StandardError.ReadToEnd() + other.GetAwaiter().GetResult();
            process.WaitForExit();
            return process.ExitCode == 0 ? said : throw new InvalidOperationException(said);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static int Number(Regex regex, string text) =>
        regex.Match(text) is { Success: true } m ? int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("DIFFRACT_PTXAS") is { Length: > 0 } given) return given;
        return Environment.GetEnvironmentVariable("PATH")?.Split(System.IO.Path.PathSeparator)
            .Select(folder => System.IO.Path.Combine(folder, "ptxas")).FirstOrDefault(File.Exists);
    }

    [GeneratedRegex(@"\.entry\s+\w+\s*\(")]
    private static partial Regex Entry();

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex Registers();

    [GeneratedRegex(@"(\d+) bytes stack frame")]
    private static partial Regex Stack();

    [GeneratedRegex(@"(\d+) bytes spill stores")]
    private static partial Regex Spills();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex Shared();
}
