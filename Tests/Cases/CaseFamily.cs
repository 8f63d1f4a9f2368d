namespace Diffract.Cases;

/// <summary>Rows of the op table that belong together. A class that derives from this one is found by itself: no list
/// names it.</summary>
public abstract class CaseFamily
{
    /// <summary>Heading on the page of operations.</summary>
    public abstract string Title { get; }

    public abstract IEnumerable<OpCase> Rows();
}
