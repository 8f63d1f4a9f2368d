namespace Diffract.Tasks;

/// <summary>A head's score for people.</summary>
public static class EvaluateReport
{
    private const int Few = 5;
    private const int Listed = 10;

    /// <summary>Lines for a terminal: top-1, top-5 where there are more classes than that, and each class, or the three
    /// worst where there are more than ten.</summary>
    public static IEnumerable<string> Lines(HeadScore score)
    {
        var classes = score.Classes;
        yield return $"top-1  {classes.Top1}";
        if (classes.Confusion.Classes > Few) yield return $"top-5  {classes.Top5}";
        yield return $"mean of the classes  {100 * classes.Confusion.MeanPerClass:0.0} %";
        var each = classes.Confusion.PerClass.Select((share, label) => (share, label)).Where(c => c.share.Trials > 0);
        var isLong = classes.Confusion.Classes > Listed;
        foreach (var (share, label) in isLong ? each.OrderBy(c => c.share.Value).Take(3) : each)
            yield return $"{(isLong ? "lowest: " : "")}{classes.Confusion.ClassNames[label]}  {share}";
    }

    /// <summary>Writes a page with the scores, the accuracy of each class and the confusion matrix.</summary>
    /// <param name="path">The page; it appears whole or not at all.</param>
    /// <param name="head">The head's file.</param>
    /// <param name="header">What the head is.</param>
    /// <param name="score">Its score.</param>
    /// <param name="draws">Noise draws whose probabilities were averaged.</param>
    public static void Write(string path, string head, HeadFileHeader header, HeadScore score, int draws = 1)
    {
        var matrix = score.Classes.Confusion;
        var report = new HtmlReport($"Evaluation of {Path.GetFileName(head)}");
        report.Facts(
        [
            ("head", header.Head.Description),
            ("features", $"block {string.Join(", ", header.Blocks)} at timestep {string.Join(", ", header.Timesteps)} "
                + $"of {header.Network}, {(draws == 1 ? "first noise draw" : $"mean of {draws} noise draws")}"),
            ("images", $"{score.Classes.Top1.Trials} of {matrix.Classes} classes"),
            ("top-1", $"{score.Classes.Top1}"),
            ("top-5", matrix.Classes > Few ? $"{score.Classes.Top5}" : "as good as sure with so few classes"),
            ("mean of the classes", $"{100 * matrix.MeanPerClass:0.0} %"),
            ("cross-entropy", $"{score.Loss:0.0000}"),
        ]);
        report.Paragraph("Intervals are 95 % after Wilson (1927); they say how sure the share is for this many images, "
            + "not how much it would change with another training.");
        report.Heading("Confusion").Plot(ConfusionPlot.Draw("True class and answer", matrix), "Percent of each row.");
        report.Heading("Classes").Table(["class", "images", "right", "95 % interval"],
            [.. matrix.PerClass.Select((share, label) => (IReadOnlyList<string>)
            [
                matrix.ClassNames[label], $"{share.Trials}",
                share.Trials == 0 ? "-" : $"{100 * share.Value:0.0} %",
                share.Trials == 0 ? "-" : $"{100 * share.Low:0.0} to {100 * share.High:0.0} %",
            ])], "Accuracy of each class");
        report.Save(path);
    }
}
