using System.Globalization;

namespace Diffract.Tasks;

/// <summary>A pretraining run for people: what was asked for, how the loss went, what it draws.</summary>
public static class PretrainReport
{
    // Steps are averaged to so many points: one step's loss says little, because each draws other timesteps.
    private const int MostPoints = 200;
    private const int MostSheets = 4;

    /// <summary>Loss by step: of all timesteps, and of each quarter of them.</summary>
    /// <param name="lines">The run's log.</param>
    /// <param name="timesteps">Steps of the process.</param>
    public static Plot Loss(IReadOnlyList<MetricsLine> lines, int timesteps)
    {
        var quarter = timesteps / (double)QuartileLosses.Count;
        string Quarter(int i) => string.Create(CultureInfo.InvariantCulture,
            $"t {Math.Ceiling(i * quarter):0} to {Math.Ceiling((i + 1) * quarter) - 1:0}");
        return CurvePlot.Draw("Loss", "step", "loss",
            [Means("all timesteps", lines, "loss"), .. Enumerable.Range(0, QuartileLosses.Count)
                .Select(i => Means(Quarter(i), lines, $"loss_q{i}")).Where(curve => curve.X.Count > 0)], logY: true);
    }

    /// <summary>Writes the report and <c>loss.svg</c> of a run as far as it is.</summary>
    /// <param name="run">The run's folder.</param>
    /// <param name="recipe">What it does.</param>
    /// <param name="facts">More about it: names and values.</param>
    public static void Write(RunFolder run, PretrainRecipe recipe, params ReadOnlySpan<(string, string)> facts)
    {
        var lines = MetricsLog.Read(run.MetricsPath);
        var report = new HtmlReport($"Pretraining of {run.Name}");
        report.Facts([
            ("images", $"{recipe.Data}, {recipe.ImageSize} x {recipe.ImageSize} pixels"),
            ("process", $"{recipe.Timesteps} steps, {recipe.Schedule} schedule, predicts {recipe.Predict}"),
            ("loss", $"{recipe.Loss}, timesteps {recipe.Sampler}"),
            ("training", $"{Units.Count(lines.Count > 0 ? lines[^1].Step : 0)} of {Units.Count(recipe.Steps)} steps of "
                + $"{recipe.Batch} images, learning rate {recipe.LearningRate:g}"
                + $"{(recipe.Anneal ? " falling to 0" : "")}, seed {recipe.Seed}"),
            ("average of weights", string.Join(", ", recipe.OtherEmaRates.Prepend(recipe.EmaRate)
                .Select(rate => $"{rate:g}"))),
            .. lines.Count > 0 ? [("time", Units.Duration(TimeSpan.FromSeconds(lines[^1].Seconds)))]
                : (ReadOnlySpan<(string, string)>)[],
            .. facts,
        ]);
        if (lines.Count > 0)
        {
            var loss = Loss(lines, recipe.Timesteps);
            loss.Save(run.At("loss.svg"));
            report.Heading("Loss").Plot(loss, "Means of neighbouring steps; timesteps from the least noise to the most")
                .Heading("Steps")
                .Plot(CurvePlot.Draw("Length of the gradient", "step", "norm", [Means("norm", lines, "grad_norm")],
                    logY: true))
                .Plot(CurvePlot.Draw("Learning rate", "step", "learning rate", [Means("rate", lines, "lr")]));
        }
        if (Sheets(run) is { Count: > 0 } sheets) report.Heading("Samples of the average").Gallery(sheets);
        report.Save(run.ReportPath);
    }

    // The last one, and some of those before, evenly.
    private static List<(Image, string)> Sheets(RunFolder run)
    {
        string[] all = Directory.Exists(run.At("samples"))
            ? [.. Directory.GetFiles(run.At("samples"), "step-*.png").Order(StringComparer.Ordinal)]
            : [];
        var shown = Math.Min(all.Length, MostSheets);
        return [.. Enumerable.Range(1, shown).Select(i => all[(i * all.Length + shown - 1) / shown - 1]).Select(path =>
            (ImageFile.Read(path), $"step {Units.Count(long.Parse(
                Path.GetFileNameWithoutExtension(path)["step-".Length..], CultureInfo.InvariantCulture))}"))];
    }

    private static Curve Means(string title, IReadOnlyList<MetricsLine> lines, string name)
    {
        var there = lines.Where(line => line.Values.TryGetValue(name, out var value) && double.IsFinite(value))
            .ToArray();
        var parts = there.Chunk(Math.Max(1, (there.Length + MostPoints - 1) / MostPoints)).ToArray();
        return new Curve(title, [.. parts.Select(part => part.Average(line => line.Step))],
            [.. parts.Select(part => part.Average(line => line.Values[name]))]);
    }
}
