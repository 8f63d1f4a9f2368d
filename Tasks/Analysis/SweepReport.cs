namespace Diffract.Tasks;

/// <summary>A sweep for people and programs.</summary>
public static class SweepReport
{
    private const int Listed = 20;

    /// <summary>The best cells for a terminal, with a header.</summary>
    /// <param name="result">The sweep.</param>
    /// <param name="count">How many.</param>
    public static IEnumerable<string> Lines(SweepResult result, int count = 5) => Columns.Align(
        [["t", "block", "pool", "learning rate", "epoch", "top-1 (95 %)"], .. Ranked(result, count)], 0, 1, 2, 4);

    /// <summary>Writes <c>result.json</c>, <c>sweep.csv</c>, maps, curves and <c>report.html</c>.</summary>
    public static void Write(RunFolder run, SweepRecipe recipe, IFeatureSource source, SweepResult result)
    {
        RecipeFile.Save(run.At("result.json"), result, SweepResult.Json);
        OutputFile.WriteText(run.At("sweep.csv"), result.ToCsv());
        var best = result.Best;
        var report = new HtmlReport($"Sweep of linear probes: {run.Name}");
        report.Facts(
        [
            ("data", recipe.Features.Path),
            ("network", recipe.Features.Network ?? source.Origin.Network),
            ("features", $"{source.Spec}, {source.Count} images of {source.Classes.Count} classes"),
            ("probes", $"{result.Cells.Count} linear heads at {recipe.Rates.Count} learning rates each, "
                + $"{recipe.Optimiser.Optimiser}, batch {recipe.Batch}, {recipe.Epochs} epochs, seed {recipe.Seed}"),
            ("held out", $"{best.Accuracy.Trials} images, on which rate and epoch of every cell were chosen"),
            ("best", $"{best}: {best.Accuracy}"),
        ]);
        report.Paragraph("The best of many numbers is somewhat better by luck: score it on other images before "
            + "believing the last digit.");
        report.Heading("By block and timestep");
        foreach (var cells in result.Cells.GroupBy(c => c.Pool).OrderBy(group => group.Key))
        {
            var map = BlockTimestepPlot.Draw($"Linear probes on {cells.Key}x{cells.Key} averages", "top-1, percent",
                [.. cells.Select(c => (c.Timestep, c.Block, 100 * c.Accuracy.Value))]);
            map.Save(run.At($"map-{cells.Key}x{cells.Key}.svg"));
            report.Plot(map);
        }
        var curves = Curves(result);
        curves.Save(run.At("curves.svg"));
        report.Heading("Curves").Plot(curves);
        var epochs = Enumerable.Range(1, result.BestCurve.Count).Select(e => (double)e).ToArray();
        report.Plot(CurvePlot.Draw($"The best cell: {best}", "epoch", "top-1 on the held-out images, percent",
            [new Curve("held out", epochs, [.. result.BestCurve.Select(a => 100 * a)])], percent: true));
        report.Heading("Best cells").Table(["timestep", "block", "pool", "learning rate", "epoch", "top-1"],
            [.. Ranked(result, Listed)], "Intervals are 95 % after Wilson (1927); all cells are in sweep.csv");
        report.Save(run.ReportPath);
    }

    /// <summary>Accuracy over blocks, a line a timestep, with the best pooling of each.</summary>
    public static Plot Curves(SweepResult result)
    {
        var blocks = result.Cells.Select(c => c.Block).Distinct().Order().ToArray();
        return CurvePlot.Draw("Linear probes, best pooling", "block", "top-1 on the held-out images, percent",
            [.. result.Cells.GroupBy(c => c.Timestep).Select(step => new Curve($"t {step.Key}",
                [.. blocks.Select(b => (double)b)],
                [.. blocks.Select(b => 100 * step.Where(c => c.Block == b).Max(c => c.Accuracy.Value))]))],
            percent: true);
    }

    private static IEnumerable<string[]> Ranked(SweepResult result, int count) =>
        result.Cells.OrderByDescending(c => c.Accuracy.Successes).Take(count).Select(c => (string[])
            [$"{c.Timestep}", $"{c.Block}", $"{c.Pool}x{c.Pool}", $"{c.LearningRate:g}", $"{c.Epoch}",
                $"{c.Accuracy}"]);
}
