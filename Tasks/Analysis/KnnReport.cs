namespace Diffract.Tasks;

/// <summary>Scores of nearest neighbours for people.</summary>
public static class KnnReport
{
    private const int MostBars = 24;
    private const int FewestOnCurve = 3;

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
        var (timesteps, blocks) = (Count(result, s => s.Timestep), Count(result, s => s.Block));
        if (Math.Min(timesteps, blocks) == 1
            && (Math.Max(timesteps, blocks) >= FewestOnCurve || result.Scores.Count > MostBars))
        {
            var plot = Curves(result);
            plot.Save(run.At("curves.svg"));
            report.Heading("Curves").Plot(plot);
        }
        foreach (var scores in result.Scores.GroupBy(s => s.K))
        {
            if (Math.Min(timesteps, blocks) < 2) continue;
            var map = BlockTimestepPlot.Draw($"Top-1 of {scores.Key} nearest neighbours", "top-1, percent",
                [.. scores.Select(s => (s.Timestep, s.Block, 100 * s.Top1.Value))]);
            map.Save(run.At($"map-k{scores.Key}.svg"));
            report.Plot(map);
        }
        report.Heading("Scores").Table(["timestep", "block", "k", "top-1", "top-5"], [.. result.Scores.Select(Row)],
            "Intervals are 95 % after Wilson (1927)");
        report.Save(run.ReportPath);
    }

    /// <summary>Top-1 over blocks, a line for each number of neighbours; over timesteps of one block, and over numbers
    /// of neighbours where there is one of both.</summary>
    public static Plot Curves(KnnResult result)
    {
        var one = result.Scores[0];
        // A line alone has no legend.
        var k = Count(result, s => s.K) == 1 ? $", k {one.K}" : "";
        return (Count(result, s => s.Timestep), Count(result, s => s.Block)) switch
        {
            (1, 1) => Draw($", timestep {one.Timestep}, block {one.Block}", "k", s => s.K, _ => ""),
            (_, 1) => Draw($", block {one.Block}{k}", "timestep", s => s.Timestep, s => $"k {s.K}"),
            (1, _) => Draw($", timestep {one.Timestep}{k}", "block", s => s.Block, s => $"k {s.K}"),
            _ => Draw("", "block", s => s.Block, s => $"t {s.Timestep}, k {s.K}"),
        };

        Plot Draw(string of, string axis, Func<KnnScore, int> at, Func<KnnScore, string> line) => CurvePlot.Draw(
            $"Nearest neighbours{of}", axis, "top-1 on test images, percent",
            [.. result.Scores.OrderBy(at).GroupBy(line).Select(group => new Curve(group.Key,
                [.. group.Select(s => (double)at(s))], [.. group.Select(s => 100 * s.Top1.Value)]))]);
    }

    private static int Count(KnnResult result, Func<KnnScore, int> of) => result.Scores.Select(of).Distinct().Count();

    // A feature file says which network made it.
    private static string Network(FeatureInput input)
    {
        if (input.Network is { } given) return given;
        using var table = FeatureTable.Open(input.Path);
        return table.Origin.Network;
    }

    private static string[] Row(KnnScore s) => [$"{s.Timestep}", $"{s.Block}", $"{s.K}", $"{s.Top1}", $"{s.Top5}"];
}
