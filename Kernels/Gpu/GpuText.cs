using System.Text.RegularExpressions;

namespace Diffract.Kernels;

/// <summary>Corrects a compiler's PTX where a driver would read it otherwise than it was meant.</summary>
internal static partial class GpuText
{
    /// <summary>The text for an architecture. Branches lose their <c>.uni</c>: the optimiser puts it on branches where
    /// threads part, which the language leaves undefined and assemblers make use of. The target becomes the device's
    /// own: the compiler names an older one. Results of inline instructions stay in registers: the compiler sends each
    /// through the thread's memory.</summary>
    public static string Correct(string text, int architecture)
    {
        text = Target().Replace(text, $".target sm_{architecture}", 1)
            .Replace("bra.uni", "bra", StringComparison.Ordinal)
            .Replace("brx.idx.uni", "brx.idx", StringComparison.Ordinal);
        return WithoutDetours(text);
    }

    /// <summary>Removes variables in the thread's memory into which a number is put only to be taken out again before
    /// the next branch or label.</summary>
    internal static string WithoutDetours(string text)
    {
        var lines = text.Split('\n').ToList();
        foreach (var slot in Slots(lines)) Remove(lines, slot.Name, slot.Register);
        return string.Join('\n', lines);
    }

    private static List<(string Name, string Register)> Slots(List<string> lines)
    {
        var slots = new List<(string, string)>();
        foreach (var line in lines)
            if (SlotAddress().Match(line) is { Success: true } m) slots.Add((m.Groups[2].Value, m.Groups[1].Value));
        return slots;
    }

    private static void Remove(List<string> lines, string slot, string register)
    {
        var stored = new Dictionary<int, (string Type, string Value)>();
        var loaded = new Dictionary<int, (string Type, string Target)>();
        var others = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            if (!lines[i].Contains(register, StringComparison.Ordinal) || !Uses(lines[i], register)) continue;
            if (Store().Match(lines[i]) is { Success: true } st && st.Groups[2].Value == register)
                stored[i] = (st.Groups[1].Value, st.Groups[3].Value);
            else if (Load().Match(lines[i]) is { Success: true } ld && ld.Groups[3].Value == register)
                loaded[i] = (ld.Groups[1].Value, ld.Groups[2].Value);
            else others++;
        }
        // The one other use is the register's own declaration as the slot's address.
        if (others != 1) return;
        var values = new Dictionary<int, string>();
        foreach (var (at, (type, _)) in loaded)
        {
            if (Value(lines, stored, at, type) is not { } value) return;
            values[at] = value;
        }
        foreach (var (at, (type, target)) in loaded) lines[at] = $"\tmov.{type}\t{target}, {values[at]};";
        foreach (var at in stored.Keys) lines[at] = "";
        for (var i = 0; i < lines.Count; i++)
            if (SlotAddress().Match(lines[i]) is { Success: true } m && m.Groups[2].Value == slot
                || Declaration().Match(lines[i]) is { Success: true } d && d.Groups[1].Value == slot) lines[i] = "";
    }

    // What the slot holds at a line, where that is sure; null where it is not.
    private static string? Value(
        List<string> lines, Dictionary<int, (string Type, string Value)> stored, int at, string type)
    {
        for (var i = at - 1; i >= 0; i--)
        {
            if (stored.TryGetValue(i, out var store))
                return store.Type == type && !lines[(i + 1)..at].Exists(l => Writes(l, store.Value))
                    ? store.Value : null;
            var line = lines[i].AsSpan().Trim();
            if (line.EndsWith(":") || line.StartsWith("@") || line.StartsWith("bra") || line.StartsWith("brx"))
                return null;
        }
        return null;
    }

    private static bool Writes(string line, string register) =>
        FirstOperand().Match(line) is { Success: true } m && m.Groups[1].Value == register;

    // %rd1 stands in %rd14 too.
    private static bool Uses(string line, string register)
    {
        for (var at = line.IndexOf(register, StringComparison.Ordinal); at >= 0;
            at = line.IndexOf(register, at + 1, StringComparison.Ordinal))
        {
            var end = at + register.Length;
            if (end == line.Length || !char.IsAsciiLetterOrDigit(line[end])) return true;
        }
        return false;
    }

    [GeneratedRegex(@"\.target\s+sm_\w+")]
    private static partial Regex Target();

    [GeneratedRegex(@"^\s*mov\.[bu]64\s+(%\w+), (__local_depot\d+);\s*$")]
    private static partial Regex SlotAddress();

    [GeneratedRegex(@"^\s*\.local\s.*\s(__local_depot\d+)\[\d+\];\s*$")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\s*st\.local\.(\w+)\s+\[(%\w+)\], (\S+);\s*$")]
    private static partial Regex Store();

    [GeneratedRegex(@"^\s*[\w.]+\s+(%\w+),")]
    private static partial Regex FirstOperand();

    [GeneratedRegex(@"^\s*ld\.local\.(\w+)\s+(\S+), \[(%\w+)\];\s*$")]
    private static partial Regex Load();
}
