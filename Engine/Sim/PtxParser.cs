using System.Globalization;
using System.Text.RegularExpressions;

namespace Diffract.Engine.Sim;

/// <summary>Reads the text of one entry point (PTX ISA 8.4, chapters 4 and 5): as much of the language as compilers
/// write for kernels, and what is put into them by hand.</summary>
internal sealed partial class PtxParser
{
    private readonly HashSet<string> registers = [];
    private readonly List<PtxVariable> shared = [], local = [];
    private readonly List<PtxStatement> statements = [];
    private readonly Dictionary<string, int> labels = [];
    private readonly Dictionary<string, IReadOnlyList<string>> tables = [];
    private readonly Stack<Dictionary<string, string>> scopes = new([new Dictionary<string, string>()]);
    private int sharedBytes, localBytes, blocks;

    /// <summary>The entry point of a module.</summary>
    /// <exception cref="SimException">The text has none, or cannot be understood.</exception>
    public static PtxKernel Parse(string text)
    {
        text = PtxText.WithoutComments(text);
        var entry = Entry().Match(text);
        if (!entry.Success) throw new SimException("the text has no entry point");
        var parser = new PtxParser();
        foreach (Match m in External().Matches(text[..entry.Index])) parser.shared.Add(new(m.Groups[1].Value, 0, 0));
        var body = text[(entry.Index + entry.Length)..text.LastIndexOf('}')];
        parser.Body(PtxText.Statements(body));
        var directives = entry.Groups[3].Value;
        if (Directive(directives, "reqnctapercluster", 1) != 1)
            throw new SimException("clusters of more than one block are not simulated");
        var threads = Directive(directives, "(?:maxntid|reqntid)", 1024);
        // A multiprocessor has 65536 registers, which are given out by eights.
        var registers = 65536 / (threads * Directive(directives, "minnctapersm", 1)) / 8 * 8;
        return new PtxKernel(entry.Groups[1].Value, Parameters(entry.Groups[2].Value), parser.registers,
            parser.shared, parser.local, parser.statements, parser.labels, parser.tables, threads)
        {
            Target = Target().Match(text).Groups[1].Value,
            MaxRegisters = Directive(directives, "maxnreg", Math.Min(registers, 255)),
        };
    }

    // The product of the numbers behind a directive.
    private static int Directive(string text, string name, int otherwise)
    {
        var found = Regex.Match(text, $@"\.{name}\s+([\d\s,]+)");
        return !found.Success ? otherwise : PtxText.Split(found.Groups[1].Value)
            .Aggregate(1, (n, d) => n * int.Parse(d, CultureInfo.InvariantCulture));
    }

    private static List<PtxVariable> Parameters(string text)
    {
        var found = new List<PtxVariable>();
        var end = 0;
        foreach (var piece in PtxText.Split(text))
        {
            var m = Variable().Match(piece);
            if (!m.Success) throw new SimException($"a parameter cannot be read: '{piece}'");
            var (align, bytes) = Layout(m);
            var offset = (end + align - 1) / align * align;
            found.Add(new(m.Groups[4].Value, offset, bytes));
            end = offset + bytes;
        }
        return found;
    }

    private static (int Align, int Bytes) Layout(Match m)
    {
        if (!PtxType.TryParse(m.Groups[3].Value, out var type)) throw new SimException($"no type in '{m.Value}'");
        var align = m.Groups[2].Success ? int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture) : type.Bytes;
        var count = m.Groups[5].Success ? int.Parse(m.Groups[5].Value, CultureInfo.InvariantCulture) : 1;
        return (align, type.Bytes * count);
    }

    private void Body(List<string> pieces)
    {
        for (var i = 0; i < pieces.Count; i++)
        {
            var piece = pieces[i];
            if (piece == "{") scopes.Push(NamesOfBlock(pieces, i + 1, ++blocks));
            else if (piece == "}") scopes.Pop();
            else if (piece.StartsWith(".branchtargets", StringComparison.Ordinal))
            {
                var name = labels.Last(l => l.Value == statements.Count).Key;
                tables[name] = [.. PtxText.Split(piece[".branchtargets".Length..]).Select(Rename)];
            }
            else if (piece.EndsWith(':')) labels[Rename(piece[..^1])] = statements.Count;
            else if (piece.StartsWith(".reg", StringComparison.Ordinal))
                foreach (var name in PtxText.Declared(piece.Split(' ', 3)[2])) registers.Add(Rename(name));
            else if (piece[0] == '.') Declare(piece);
            else statements.Add(Statement(piece));
        }
    }

    // Names of a block hide those outside; its labels may be used before they stand.
    private static Dictionary<string, string> NamesOfBlock(List<string> pieces, int first, int block)
    {
        var names = new Dictionary<string, string>();
        var depth = 1;
        for (var i = first; i < pieces.Count && depth > 0; i++)
        {
            var piece = pieces[i];
            if (piece == "{") depth++;
            else if (piece == "}") depth--;
            else if (depth == 1 && piece.EndsWith(':')) names[piece[..^1]] = $"{piece[..^1]}@{block}";
            else if (depth == 1 && piece.StartsWith(".reg", StringComparison.Ordinal))
                foreach (var name in PtxText.Declared(piece.Split(' ', 3)[2])) names[name] = $"{name}@{block}";
        }
        return names;
    }

    private string Rename(string name)
    {
        foreach (var scope in scopes) if (scope.TryGetValue(name, out var inner)) return inner;
        return name;
    }

    private void Declare(string piece)
    {
        var m = Variable().Match(piece);
        if (!m.Success || m.Groups[1].Value is not ("shared" or "local"))
            throw new SimException($"a declaration is not known: '{piece}'");
        var (align, bytes) = Layout(m);
        var isShared = m.Groups[1].Value == "shared";
        ref var end = ref isShared ? ref sharedBytes : ref localBytes;
        var offset = (end + align - 1) / align * align;
        (isShared ? shared : local).Add(new(Rename(m.Groups[4].Value), offset, bytes));
        end = offset + bytes;
    }

    private PtxStatement Statement(string text)
    {
        var rest = text;
        string? guard = null;
        var negated = false;
        if (rest[0] == '@')
        {
            var space = rest.IndexOf(' ', StringComparison.Ordinal);
            guard = rest[1..space];
            negated = guard[0] == '!';
            if (negated) guard = guard[1..];
            guard = Rename(guard);
            rest = rest[(space + 1)..].TrimStart();
        }
        var end = rest.IndexOf(' ', StringComparison.Ordinal);
        var operands = end < 0 ? [] : PtxText.Split(rest[(end + 1)..]);
        return new PtxStatement(text, end < 0 ? rest : rest[..end],
            [.. operands.Select(o => PtxOperand.Parse(o, Rename))], guard, negated);
    }

    [GeneratedRegex(@"\.entry\s+([\w$]+)\s*\(([^)]*)\)([^{]*)\{")]
    private static partial Regex Entry();

    [GeneratedRegex(@"\.extern\s+\.shared[^;]*?([\w$]+)\s*\[\s*\]\s*;")]
    private static partial Regex External();

    [GeneratedRegex(@"\.target\s+(\w+)")]
    private static partial Regex Target();

    [GeneratedRegex(@"\.(param|shared|local)\s+(?:\.align\s+(\d+)\s+)?\.(\w+)\s+([\w$]+)(?:\[(\d+)\])?\s*$")]
    private static partial Regex Variable();
}
