using System.Globalization;

namespace Diffract.Tasks;

/// <summary>Scores of a classifier of noised images for people.</summary>
public static class ClassifierReport
{
    /// <summary>Timesteps that show how accuracy falls with noise, where none are asked for.</summary>
    /// <param name="length">Steps of the process.</param>
    public static IEnumerable<int?> Timesteps(int length) =>
        ((double[])[0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]).Select(share => (int?)(share * length));

    /// <summary>Lines for a terminal, with a header.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<ClassifierScore> scores) => Columns.Align(
        [["t", "top-1 (95 %)", "top-5 (95 %)", "cross-entropy"], .. scores.Select(Row)], 0, 3);

    /// <summary>Accuracy by timestep; clean images are at 0.</summary>
    public static Plot Draw(IReadOnlyList<ClassifierScore> scores) => CurvePlot.Draw("Classifier of noised images",
        "timestep", "percent of the images", [.. new (string Name, Func<ClassifierScore, Proportion> Of)[]
            { ("top-1", s => s.Top1), ("top-5", s => s.Top5) }.Select(line => new Curve(line.Name,
                [.. scores.Select(s => (double)(s.Timestep ?? 0))], [.. scores.Select(s => 100 * line.Of(s).Value)]))],
        percent: true);

    /// <summary>Keeps scores as JSON.</summary>
    /// <param name="path">The file; it appears whole or not at all.</param>
    /// <param name="scores">What to keep.</param>
    public static void Save(string path, ClassifierScores scores) =>
        RecipeFile.Save(path, scores, ClassifierJson.Default.ClassifierScores);

    private static string[] Row(ClassifierScore score) =>
        [score.Timestep is { } t ? $"{t}" : "clean", $"{score.Top1}", $"{score.Top5}",
            score.Loss.ToString("0.0000", CultureInfo.InvariantCulture)];
}
