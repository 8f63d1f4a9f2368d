using System.Globalization;

namespace Diffract.Tasks;

/// <summary>A study as tables, figures in the manner of the paper's, and a page.</summary>
public static class StudyReport
{
    private const string Intervals = "Top-1 is the mean over seeds. The interval is Wilson's (1927) for the test "
        + "images of one seed, since all seeds are scored on the same; ± is the standard deviation over seeds. The "
        + "difference to the linear head is taken seed by seed.";

    /// <summary>The table as text.</summary>
    public static IEnumerable<string> Lines(StudyRecipe recipe, StudyResult result)
    {
        var (header, rows) = Table(recipe, result);
        return Columns.Align([header, .. rows], [.. Enumerable.Range(header.Length - 3, 3)]);
    }

    /// <summary>How long it took in words; null where that is not known.</summary>
    public static string? Time(StudyResult result) =>
        result.Seconds > 0 ? Units.Duration(TimeSpan.FromSeconds(result.Seconds)) : null;

    /// <summary>Writes <c>table.md</c>, the figures and <c>report.html</c> of what has been found so far.</summary>
    public static void Write(RunFolder run, StudyRecipe recipe, StudyResult result)
    {
        var report = new HtmlReport($"Study: {run.Name}");
        report.Facts(
        [
            ("images", $"{recipe.Train}, {(recipe.Images is { } some ? $"{some} of them" : "all")}"),
            ("test images", $"{recipe.Test}, {(recipe.TestImages is { } few ? $"{few} of them" : "all")}"),
            ("network", recipe.Network),
            ("seeds", string.Join(", ", recipe.Seeds)),
            ("features", result.Choice is { } choice ? $"{choice}" : "not chosen yet"),
            .. Time(result) is { } time ? [("calculated for", time)] : Array.Empty<(string, string)>(),
        ]);
        void Figure(string file, Plot plot, string caption = "")
        {
            plot.Save(run.At(file));
            report.Plot(plot, caption);
        }

        if (result.Scores.Count > 0)
        {
            var (header, rows) = Table(recipe, result);
            OutputFile.WriteText(run.At("table.md"), Markdown(header, rows));
            report.Heading("Methods").Table(header, rows, Intervals);
            foreach (var group in result.Scores.GroupBy(s => s.Labels).OrderByDescending(group => group.Key))
                Figure($"methods-{group.Key}.svg", AccuracyPlot.Draw($"Top-1 from {group.Key} labels",
                    [.. Rows(recipe, group).Select(row =>
                        new AccuracyBar(row.Method.Title, row.Mean, row.Interval.Low, row.Interval.High))]));
            if (result.Scores.Select(s => s.Labels).Distinct().Count() > 1)
                Figure("labels.svg", Labels(recipe, result.Scores));
            Figure("cost.svg", Cost(recipe, result.Scores), "The paper's question to fusion and feedback: what does "
                + "the accuracy cost?");
        }
        if (result.Neighbours is { } neighbours)
        {
            report.Heading("Nearest neighbours");
            Figure("neighbours.svg", KnnReport.Curves(neighbours));
        }
        if (result.Sweep is { } sweep)
        {
            report.Heading("Linear probes").Paragraph("On held-out training images; they chose what heads read.");
            Figure("sweep-curves.svg", SweepReport.Curves(sweep));
            Figure("sweep-map.svg", BlockTimestepPlot.Draw("Linear probes, best pooling", "top-1, percent",
                [.. sweep.Cells.Select(c => (c.Timestep, c.Block, 100 * c.Accuracy.Value))]));
        }
        if (result.BlockSimilarity is { } blocks && result.TimestepSimilarity is { } steps)
        {
            report.Heading("Similarity of layers");
            Figure("cka-blocks.svg", CkaReport.Draw(blocks, $"block, timestep {result.Choice!.Timestep}"));
            Figure("cka-timesteps.svg", CkaReport.Draw(steps, $"timestep, block {result.Choice!.Block}"));
        }
        report.Save(run.ReportPath);
    }

    // The trainings of one method with one number of labels.
    private sealed record Row(StudyMethod Method, StudyScore[] Scores)
    {
        public double Mean => Scores.Average(s => s.Accuracy);

        // As if one seed had the mean of all.
        public (double Low, double High) Interval => Proportion.Interval(Mean, Scores.Average(s => s.Images));

        public double Deviation => Spread.Deviation([.. Scores.Select(s => s.Accuracy)]);
    }

    private static IEnumerable<Row> Rows(StudyRecipe recipe, IEnumerable<StudyScore> scores) =>
        from method in StudyMethod.All
        where recipe.Methods.Contains(method.Name)
        let own = scores.Where(s => s.Method == method.Name).OrderBy(s => s.Seed).ToArray()
        where own.Length > 0
        select new Row(method, own);

    private static (string[] Header, List<string[]> Rows) Table(StudyRecipe recipe, StudyResult result)
    {
        var labels = result.Scores.Select(s => s.Labels).Distinct().OrderDescending().ToArray();
        string[] header = ["method", .. labels.Select(l => $"{l} labels (95 %)"), "to linear", "GMAC a step",
            "parameters"];
        var rows = Rows(recipe, result.Scores).Select(all =>
        {
            var byLabels = labels.Select(l => Rows(recipe, all.Scores.Where(s => s.Labels == l)).FirstOrDefault());
            return (string[])[all.Method.Title, .. byLabels.Select(Cell),
                Difference(all.Scores, result.Scores, labels[0]),
                all.Scores.Max(s => s.MacsPerImage) is { } macs ? Number($"{macs / 1e9:0.00}") : "-",
                Units.Count(all.Scores[0].Parameters)];
        });
        return (header, [.. rows]);
    }

    private static string Cell(Row? row) => row is null ? "-" : Number(
        $"{100 * row.Mean:0.0} % ({100 * row.Interval.Low:0.0} to {100 * row.Interval.High:0.0})")
        + (row.Scores.Length > 1 ? Number($" ± {100 * row.Deviation:0.0}") : "");

    private static string Difference(StudyScore[] scores, IReadOnlyList<StudyScore> all, int labels)
    {
        var differences = (from score in scores
                           where score.Labels == labels
                           from other in all
                           where other.Method == "linear" && other.Labels == labels && other.Seed == score.Seed
                           select score.Accuracy - other.Accuracy).ToArray();
        if (differences.Length == 0 || scores[0].Method == "linear") return "-";
        return Number($"{100 * differences.Average():+0.0;-0.0;0.0}")
            + (differences.Length > 1 ? Number($" ± {100 * Spread.Deviation(differences):0.0}") : "");
    }

    private static string Markdown(string[] header, IEnumerable<string[]> rows) => string.Concat(
    [
        Line(header), Line([.. header.Select((_, i) => i == 0 ? "---" : "---:")]), .. rows.Select(Line),
    ]);

    private static string Line(string[] cells) => $"| {string.Join(" | ", cells)} |\n";

    private static Plot Labels(StudyRecipe recipe, IReadOnlyList<StudyScore> scores) =>
        CurvePlot.Draw("Learning from few labels", "labels", "top-1 on test images, percent",
            [.. Rows(recipe, scores).Where(row => row.Scores.Select(s => s.Labels).Distinct().Count() > 1)
                .Select(row =>
                {
                    var means = row.Scores.GroupBy(s => s.Labels).OrderBy(group => group.Key).ToArray();
                    return new Curve(row.Method.Title, [.. means.Select(group => (double)group.Key)],
                        [.. means.Select(group => 100 * group.Average(s => s.Accuracy))]);
                })], logX: true);

    private static Plot Cost(StudyRecipe recipe, IReadOnlyList<StudyScore> scores)
    {
        var most = scores.Max(s => s.Labels);
        return PointPlot.Draw("Accuracy and arithmetic", "multiply-adds of a training step for an image, 10⁹",
            "top-1 on test images, percent",
            [.. Rows(recipe, scores.Where(s => s.Labels == most && s.MacsPerImage is not null)).Select(row =>
                (row.Method.Title, row.Scores.Max(s => s.MacsPerImage!.Value) / 1e9, 100 * row.Mean))]);
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
