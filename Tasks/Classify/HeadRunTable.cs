using System.Globalization;

namespace Diffract.Tasks;

/// <summary>Runs of heads beside each other, and those that differ in their seed alone together.</summary>
public static class HeadRunTable
{
    private static readonly string[] header =
        ["run", "method", "features", "labels", "seed", "epochs", "held out", "evaluated (95 %)"];

    private static readonly string[] spreads = ["held out", "evaluated"];

    /// <summary>A line for each run, the best first, and one with mean and standard deviation for each set of runs that
    /// differ in their seed alone. Where runs were evaluated on different images, those of the same come together, and
    /// a column says which.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<HeadRun> runs)
    {
        List<string[]> rows = [.. Rows(runs)];
        foreach (var line in Columns.Align(rows, 4, 5, 6)) yield return line;
        foreach (var seeds in Seeds(runs))
            yield return $"{seeds.Count} seeds of {seeds[0].Method}, {seeds[0].Features}: "
                + string.Join("; ", Spreads(seeds).Select(s => $"{s.Name} {s.Value}"));
    }

    /// <summary>The same as a page with bars.</summary>
    /// <param name="path">The page; it appears whole or not at all.</param>
    /// <param name="runs">The runs.</param>
    public static void Write(string path, IReadOnlyList<HeadRun> runs)
    {
        var report = new HtmlReport("Runs");
        var isMixed = IsMixed(runs);
        var scored = Sorted(runs).Where(run => run.Score is not null).ToArray();
        if (scored.Length > 0)
            report.Heading("Evaluated").Plot(AccuracyPlot.Draw("Top-1",
                [.. scored.Select(run => new AccuracyBar($"{run.Name}: {run.Method}"
                    + (isMixed ? $" ({run.Evaluation!.On})" : ""), run.Score!.Value))]),
                "Intervals are 95 % after Wilson (1927).");
        string[][] rows = [.. Rows(runs)];
        report.Heading("All runs").Table(rows[0], [.. rows.Skip(1).Select(row => (IReadOnlyList<string>)row)]);
        if (Seeds(runs).ToArray() is { Length: > 0 } sets)
            report.Heading("Seeds").Table(["method", "features", "seeds", "held out", "evaluated"],
                [.. sets.Select(set => (IReadOnlyList<string>)[set[0].Method, set[0].Features, $"{set.Count}",
                    .. spreads.Select(name => Spreads(set).FirstOrDefault(s => s.Name == name).Value ?? "-")])],
                "Mean and standard deviation over seeds");
        report.Save(path);
    }

    private static IEnumerable<string[]> Rows(IReadOnlyList<HeadRun> runs) => IsMixed(runs)
        ? [[.. header, "evaluated on"],
            .. Sorted(runs).Select(run => (string[])[.. Row(run), run.Evaluation?.On ?? "-"])]
        : [header, .. Sorted(runs).Select(Row)];

    private static bool IsMixed(IReadOnlyList<HeadRun> runs) =>
        runs.Select(run => run.Evaluation?.On).OfType<string>().Distinct().Count() > 1;

    // Shares of different images have no order.
    private static IEnumerable<HeadRun> Sorted(IReadOnlyList<HeadRun> runs) => runs
        .OrderBy(run => run.Evaluation is null).ThenBy(run => run.Evaluation?.On, StringComparer.Ordinal)
        .ThenByDescending(run => run.Score?.Value ?? -1).ThenByDescending(run => run.Validation ?? -1)
        .ThenBy(run => run.Name, StringComparer.Ordinal);

    // The rate that one seed's search finds may be given to the others; searches of several may find several.
    private static double? GivenRate(HeadRun run, IReadOnlyList<HeadRun> runs) => run.Recipe.Optimiser.LearningRate
        ?? runs.FirstOrDefault(other => other.Kind == run.Kind
            && other.Recipe.Optimiser.LearningRate is { } given && given == run.LearningRate)?.LearningRate;

    private static IEnumerable<List<HeadRun>> Seeds(IReadOnlyList<HeadRun> runs) => Sorted(runs)
        .Where(run => run.IsComplete).GroupBy(run => (run.Kind, GivenRate(run, runs)))
        .Select(set => set.DistinctBy(run => run.Recipe.Seed).ToList())
        .Where(set => set.Count > 1);

    private static IEnumerable<(string Name, string Value)> Spreads(List<HeadRun> set)
    {
        if (set.All(run => run.Validation is not null))
            yield return (spreads[0], Text([.. set.Select(run => run.Validation!.Value)]));
        if (set.All(run => run.Score is not null) && !IsMixed(set))
            yield return (spreads[1], Text([.. set.Select(run => run.Score!.Value.Value)]));
    }

    private static string Text(double[] values) => string.Create(CultureInfo.InvariantCulture,
        $"{100 * values.Average():0.0} ± {100 * Spread.Deviation(values):0.0} %");

    private static string[] Row(HeadRun run) =>
    [
        run.Name, run.Method, run.Features, run.Recipe.Labels ?? "all", $"{run.Recipe.Seed}",
        run.IsComplete ? $"{run.Epochs}" : $"{run.Epochs} of {run.Recipe.Epochs}",
        run.Validation is { } held ? string.Create(CultureInfo.InvariantCulture, $"{100 * held:0.0} %") : "-",
        run.Score is { } score ? $"{score}" : "-",
    ];
}
