namespace Diffract.Tasks;

/// <summary>The result of one case.</summary>
/// <param name="Name">The fixture's name.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="Checks">The tensors that were compared.</param>
/// <param name="Problems">What is wrong, one sentence each; empty when it passed.</param>
public sealed record CaseReport(
    string Name,
    string Kind,
    CaseOutcome Outcome,
    double Seconds,
    IReadOnlyList<TensorCheck> Checks,
    IReadOnlyList<string> Problems)
{
    /// <summary>The check that came nearest to its tolerance, or went farthest beyond; null when nothing was compared.
    /// </summary>
    public TensorCheck? Worst => Checks.MaxBy(check => check.Share);
}
