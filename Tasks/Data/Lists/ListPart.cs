namespace Diffract.Tasks;

/// <summary>Parts that lists divide pictures into.</summary>
internal enum ListPart
{
    /// <summary>Learned from.</summary>
    Train,

    /// <summary>For choices that must not look at the test pictures.</summary>
    Validation,

    /// <summary>Only scored on.</summary>
    Test,
}
