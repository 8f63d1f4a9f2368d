using System.Text;
using Diffract.Engine;

namespace Diffract.Cases;

/// <summary>The page of operations, made of the op table.</summary>
public static class OpsPage
{
    private const string Introduction = """
        # Operations

        Made from the op table (`Tests/Cases`); do not edit. To make it anew:
        `DIFFRACT_UPDATE_DOCS=1 dotnet test Tests --filter FullyQualifiedName~OpsPageTests`.

        Every row below stands for cases that the tests run: against a reference in double precision, in every type
        listed, from contiguous, windowed and strided memory, with 1, 2 and 8 threads (same bits), and, where there is a
        gradient, against central differences in float64.

        *Error* is what a float32 element may be away from the reference, in units of 2⁻²³: relative to the element, or
        to the largest element of the result (*of max*). A 16-bit result may be half its own unit further away. The CPU
        stores 16-bit floats and calculates in float32.

        """;

    public static string Text()
    {
        var text = new StringBuilder(Introduction.ReplaceLineEndings("\n"));
        foreach (var family in OpTable.Families)
        {
            text.Append($"\n## {family.Title}\n\n");
            text.Append("| Operation | Call | Types | Gradient | Error | Cases |\n");
            text.Append("| --- | --- | --- | --- | --- | --- |\n");
            foreach (var rows in family.Rows().Where(r => !r.Network).GroupBy(r => (r.Op, r.Call)))
            {
                var call = rows.Key.Call.Replace("|", "\\|", StringComparison.Ordinal);
                var gradient = rows.Any(r => r.HasGradient) ? "yes" : "-";
                text.Append($"| {rows.Key.Op} | `{call}` | {Types(rows)} | {gradient} | {Error(rows)} | "
                    + $"{rows.Count()} |\n");
            }
        }
        return text.ToString();
    }

    private static string Types(IEnumerable<OpCase> rows) => string.Join(", ", rows
        .SelectMany(r => r.Inputs.All(i => i?.DType is not null) ? [r.Inputs[0]!.DType!.Value] : r.DTypes)
        .Distinct().Order().Select(Short));

    private static string Short(DType dtype) => dtype switch
    {
        DType.Float32 => "f32",
        DType.Float16 => "f16",
        DType.BFloat16 => "bf16",
        DType.Float64 => "f64",
        DType.Int64 => "i64",
        DType.Int32 => "i32",
        DType.UInt8 => "u8",
        _ => "bool",
    };

    private static string Error(IEnumerable<OpCase> rows)
    {
        if (rows.All(r => r.IsExact)) return "exact";
        var worst = rows.MaxBy(r => r.Roundings + Math.Sqrt(r.Terms))!;
        var sum = worst.Terms > 1 ? "+√n" : "";
        return $"{worst.Roundings:0.#}{sum}{(worst.Absolute || worst.Terms > 1 ? " of max" : "")}";
    }
}
