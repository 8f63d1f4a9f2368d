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
        // Those of one module have one header.
        var modules = Enumerable.Range(0, texts.Count).GroupBy(i => texts[i][..Start(texts[i])])
            .SelectMany(group => group.Chunk(AtATime));
        Parallel.ForEach(modules, some =>
        {
            var module = new StringBuilder(texts[some[0]][..Start(texts[some[0]])]);
            foreach (var i in some)
                module.Append(Entry().Replace(texts[i][Start(texts[i])..], $".entry K{i}(", 1));
            var said = Assemble(module.ToString(), architecture, "/dev/null");
            foreach (var i in some)
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

    /// <summary>How often each operation stands in a kernel's machine code, by the lowest 12 bits of its instructions
    /// (which is where the operation is since compute capability 7.0).</summary>
    public static Dictionary<int, int> Operations(string text, int architecture)
    {
        var file = System.IO.Path.GetTempFileName();
        try
        {
            Assemble(text, architecture, file);
            var elf = File.ReadAllBytes(file);
            // The table of sections, and the section of their names: ELF, 64 bits.
            int table = (int)BitConverter.ToInt64(elf, 0x28), count = BitConverter.ToInt16(elf, 0x3C);
            var names = (int)Field(BitConverter.ToInt16(elf, 0x3E), 0x18);
            var counts = new Dictionary<int, int>();
            for (var s = 0; s < count; s++)
            {
                if (!Name(names + BitConverter.ToInt32(elf, table + 64 * s)).StartsWith(".text.")) continue;
                int first = (int)Field(s, 0x18), bytes = (int)Field(s, 0x20);
                for (var at = first; at < first + bytes; at += 16)
                {
                    var operation = BitConverter.ToInt16(elf, at) & 0xFFF;
                    counts[operation] = counts.GetValueOrDefault(operation) + 1;
                }
            }
            return counts;

            long Field(int section, int at) => BitConverter.ToInt64(elf, table + 64 * section + at);

            string Name(int at) => Encoding.ASCII.GetString(elf, at, Array.IndexOf(elf, (byte)0, at) - at);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Assemble(string text, int architecture, string output)
    {
        var file = System.IO.Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            // What only one chip has is assembled for it alone.
            var target = $"sm_{architecture}" + (text.Contains($".target sm_{architecture}a") ? "a" : "");
            var start = new ProcessStartInfo(Path!, ["-v", $"-arch={target}", "-O3", file, "-o", output])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            var other = process.StandardOutput.ReadToEndAsync();
            var said = process.StandardError.ReadToEnd() + other.GetAwaiter().GetResult();
            process.WaitForExit();
            // Where it gives up on what the text asks for, such as products that run by themselves, it only says so.
            var isObeyed = !said.Contains("(C75", StringComparison.Ordinal);
            return process.ExitCode == 0 && isObeyed ? said : throw new InvalidOperationException(said);
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
