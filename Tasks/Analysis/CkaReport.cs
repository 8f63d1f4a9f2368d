namespace Diffract.Tasks;

/// <summary>Similarities of layers for people and programs.</summary>
public static class CkaReport
{
    /// <summary>The matrix as a map from 0 (dark) to 1 (bright).</summary>
    public static Plot Draw(CkaResult result) => Draw(result, result.RowTitle, result.ColumnTitle);

    /// <summary>The same, with other words at the axes.</summary>
    /// <param name="result">The matrix.</param>
    /// <param name="rows">What the rows are.</param>
    /// <param name="columns">What the columns are; the same when null.</param>
    public static Plot Draw(CkaResult result, string rows, string? columns = null) =>
        HeatMapPlot.Draw("Similarity of layers", columns ?? rows, rows, "linear CKA", result.Columns, result.Rows,
            result.Matrix(), "0.00", (0, 1), square: true);

    /// <summary>Writes <c>cka.svg</c>, <c>cka.csv</c>, <c>result.json</c> and <c>report.html</c>.</summary>
    public static void Write(RunFolder run, CkaRecipe recipe, CkaResult result)
    {
        RecipeFile.Save(run.At("result.json"), result, CkaResult.Json);
        OutputFile.WriteText(run.At("cka.csv"), result.ToCsv());
        var plot = Draw(result);
        plot.Save(run.At("cka.svg"));
        var report = new HtmlReport($"Similarity of layers: {run.Name}");
        report.Facts(
        [
            ("rows", $"{Words(recipe.Features)}, {result.RowSpec}"),
            ("columns", recipe.Against is { } other ? $"{Words(other)}, {result.ColumnSpec}" : "the same"),
            ("images", $"{result.Images}"),
            ("features", recipe.Pool == 0 ? "flattened maps" : $"maps averaged to {recipe.Pool} x {recipe.Pool}"),
            ("estimator", recipe.Estimator switch
            {
                CkaEstimator.Full => "linear CKA of all images at once, biased HSIC",
                CkaEstimator.Minibatch => $"unbiased HSIC_1 over random batches of {recipe.Batch}",
                _ => $"HSIC_1 of Gram matrices stretched to [0, 1], over random batches of {recipe.Batch}",
            }),
        ]);
        report.Plot(plot, "1 for layers that differ by a rotation and a factor, 0 for layers with nothing in common.");
        report.Save(run.ReportPath);
    }

    private static string Words(FeatureInput input) =>
        input.Network is { } network ? $"{network} on {input.Path}" : input.Path;
}
