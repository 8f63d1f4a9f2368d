namespace Diffract.Tasks;

/// <summary>How a case ended.</summary>
public enum CaseOutcome
{
    /// <summary>Every stored result was calculated and is within its tolerance.</summary>
    Passed,

    /// <summary>Something differs, was not checked, or could not be run.</summary>
    Failed,

    /// <summary>No filter matches it.</summary>
    Skipped,
}
