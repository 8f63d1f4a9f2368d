using System.Globalization;

namespace Diffract.Tasks;

/// <summary>The results of a verification as text.</summary>
public static class VerifyReport
{
    private const int MostProblems = 5;

    /// <summary>One line for a case that passed, with the worst error as a share of its tolerance; for one that failed
    /// also what is wrong. Nothing for one that was filtered out.</summary>
    public static IEnumerable<string> Lines(CaseReport report)
    {
        if (report.Outcome == CaseOutcome.Skipped) yield break;
        var status = report.Outcome == CaseOutcome.Passed ? "ok    " : "FAILED";
        yield return $"{status} {Share(report.Worst?.Share),7}  {report.Name} ({report.Kind}{Detail(report)})";
        foreach (var problem in report.Problems.Take(MostProblems)) yield return $"         {problem}";
        if (report.Problems.Count > MostProblems)
            yield return $"         and {report.Problems.Count - MostProblems} more";
    }

    /// <summary>The last line: <c>N passed, N failed, N skipped</c>.</summary>
    public static string Summary(IReadOnlyList<CaseReport> reports) =>
        $"{Count(reports, CaseOutcome.Passed)} passed, {Count(reports, CaseOutcome.Failed)} failed, "
        + $"{Count(reports, CaseOutcome.Skipped)} skipped";

    /// <summary>Number of cases that ended so.</summary>
    public static int Count(IReadOnlyList<CaseReport> reports, CaseOutcome outcome) =>
        reports.Count(report => report.Outcome == outcome);

    private static string Share(double? share) => share switch
    {
        null => "-",
        > 1e4 => "> 100 x",
        > 9.995 => share.Value.ToString("0 x", CultureInfo.InvariantCulture),
        _ => (100 * share.Value).ToString("0.0", CultureInfo.InvariantCulture) + " %",
    };

    private static string Detail(CaseReport report) => report.Worst is { Share: > 0 } worst
        ? $", {worst.Tensor}, {Tensors(report)}"
        : report.Checks.Count > 0 ? $", {Tensors(report)}" : "";

    private static string Tensors(CaseReport report) =>
        report.Checks.Count == 1 ? "1 check" : $"{report.Checks.Count} checks";
}
