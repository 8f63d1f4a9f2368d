using System.Globalization;
using System.Text.Json.Serialization;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>How alike layers are.</summary>
/// <param name="Images">Images that were compared.</param>
/// <param name="RowAxis">What the rows are: block, timestep or layer.</param>
/// <param name="Rows">Names of the rows.</param>
/// <param name="ColumnAxis">What the columns are.</param>
/// <param name="Columns">Names of the columns.</param>
/// <param name="Values">Linear CKA, row by row; NaN where a layer says the same of all images.</param>
public sealed record CkaResult(int Images, string RowAxis, IReadOnlyList<string> Rows, string ColumnAxis,
    IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<double>> Values)
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<CkaResult> Json => CkaJson.Default.CkaResult;

    /// <summary>Timesteps and blocks of the rows; null in results of before it was noted.</summary>
    public FeatureSpec? RowSpec { get; init; }

    /// <summary>Those of the columns.</summary>
    public FeatureSpec? ColumnSpec { get; init; }

    /// <summary>What the rows are, with the timestep or block they have in common: "block, timestep 90".</summary>
    [JsonIgnore]
    public string RowTitle => Title(RowAxis, RowSpec, ", timestep ", ", block ");

    /// <summary>What the columns are.</summary>
    [JsonIgnore]
    public string ColumnTitle => Title(ColumnAxis, ColumnSpec, ", timestep ", ", block ");

    /// <summary>The matrix as a table for other programs, a header line first, which begins with what rows and columns
    /// are: "block t90/block t150".</summary>
    public string ToCsv() => string.Join('\n',
    [
        string.Join(',', (string[])
            [$"{Title(RowAxis, RowSpec, " t", " b")}/{Title(ColumnAxis, ColumnSpec, " t", " b")}", .. Columns]),
        .. Rows.Select((name, i) => string.Join(',', (string[])
            [name, .. Values[i].Select(v => v.ToString("r", CultureInfo.InvariantCulture))])),
    ]) + "\n";

    private static string Title(string axis, FeatureSpec? spec, string timestep, string block) => (axis, spec) switch
    {
        ("block", { Timesteps: [var t] }) => $"{axis}{timestep}{t}",
        ("timestep", { Blocks: [var b] }) => $"{axis}{block}{b}",
        _ => axis,
    };

    /// <summary>The matrix as numbers.</summary>
    internal double[,] Matrix()
    {
        var matrix = new double[Rows.Count, Columns.Count];
        for (var i = 0; i < Rows.Count; i++)
            for (var j = 0; j < Columns.Count; j++) matrix[i, j] = Values[i][j];
        return matrix;
    }
}
