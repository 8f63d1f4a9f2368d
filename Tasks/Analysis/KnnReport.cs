namespace Diffract.Tasks;

/// <summary>Scores of nearest neighbours for people.</summary>
public static class KnnReport
{
    private const int MostBars = 24;

    /// <summary>Lines for a terminal, with a header.</summary>
    public static IEnumerable<string> Lines(KnnResult result) => Columns.Align(
        [["t", "block", "k", "top-1 (95 %)", "top-5 (95 %)"], .. result.Scores.Select(Row)], 0, 1, 2);

    /// <summary>Writes <c>report.html</c> and pictures into the run folder.</summary>
    public static void Write(RunFolder run, KnnRecipe recipe, KnnResult result)
    {
        var report = new HtmlReport($"Nearest neighbours: {run.Name}");
        report.Facts(
        [
            ("training images", $"{result.TrainImages} of {result.Classes} classes, {recipe.Train.Path}"),
            ("test images", $"{result.Scores[0].Top1.Trials}, {recipe.Test.Path}"),
            ("network", Network(recipe.Train)),
            ("similarity", recipe.Cosine ? "cosine" : "dot product"),
            ("weight", $"exp(similarity / {recipe.Temperature:g})"),
            ("features", recipe.Pool == 0 ? "flattened maps" : $"maps averaged to {recipe.Pool} x {recipe.Pool}"),
        ]);
        if (result.Scores.Count <= MostBars)
        {
            var plot = AccuracyPlot.Draw("Top-1 on test images", [.. result.Scores.Select(s =>
                new AccuracyBar($"t {s.Timestep}, block {s.Block}, k {s.K}", s.Top1))], 1.0 / result.Classes);
            plot.Save(run.At("accuracy.svg"));
            report.Heading("Accuracy").Plot(plot);
        }
        foreach (var scores in result.Scores.GroupBy(s => s.K))
        {
            if (scores.Select(s => s.Timestep).Distinct().Count() < 2
                || scores.Select(s => s.Block).Distinct().Count() < 2) continue;
            var map = BlockTimestepPlot.Draw($"Top-1 of {scores.Key} nearest neighbours", "top-1, percent",
                [.. scores.Select(s => (s.Timestep, s.Block, 100 * s.Top1.Value))]);
            map.Save(run.At($"map-k{scores.Key}.svg"));
            report.Plot(map);
        }
        report.Heading("Scores").Table(["timestep", "block", "k", "top-1", "top-5"], [.. result.Scores.Select(Row)],
            "Intervals are 95 % after Wilson (1927)");
        report.Save(run.ReportPath);
    }

    // A feature file says which network made it.
    private static string Network(FeatureInput input)
    {
        if (input.Network is { } given) return given;
        using var table = FeatureTable.Open(input.Path);
        return table.Origin.Network;
    }

    private static string[] Row(KnnScore s) => [$"{s.Timestep}", $"{s.Block}", $"{s.K}", $"{s.Top1}", $"{s.Top5}"];
}
