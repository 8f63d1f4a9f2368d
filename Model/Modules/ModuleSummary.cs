using System.Globalization;
using System.Text;

namespace Diffract.Model;

/// <summary>A module tree as a table.</summary>
internal static class ModuleSummary
{
    public static string Of(Module root, int depth)
    {
        var rows = new List<(string Path, string Type, string Shapes, string Count)>();
        Collect(root, root.Name, 0, depth, rows);
        var path = rows.Max(r => r.Path.Length);
        var type = rows.Max(r => r.Type.Length);
        var count = rows.Max(r => r.Count.Length);
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            var left = row.Path.PadRight(path) + "  " + row.Type.PadRight(type);
            text.Append($"{left}  {row.Count.PadLeft(count)}  {row.Shapes}".TrimEnd()).Append('\n');
        }
        var frozen = root.State().Where(p => !p.Parameter.IsBuffer && !p.Parameter.RequiresGrad)
            .Sum(p => p.Parameter.Shape.Count);
        text.Append($"{Number(root.ParameterCount)} parameters, {Number(root.ParameterCount - frozen)} trainable");
        return text.ToString();
    }

    private static void Collect(Module module, string path, int level, int depth,
        List<(string Path, string Type, string Shapes, string Count)> rows)
    {
        var shapes = string.Join(" ", module.Own.Select(p => $"{p.Name} {p.Shape}"));
        rows.Add((new string(' ', 2 * level) + path, module.GetType().Name, shapes, Number(module.ParameterCount)));
        if (level >= depth) return;
        foreach (var child in module.Children) Collect(child, child.Name, level + 1, depth, rows);
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
