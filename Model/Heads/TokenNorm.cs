namespace Diffract.Model;

/// <summary>How an attention head normalises maps before it turns them into tokens.</summary>
public enum TokenNorm
{
    /// <summary>Layer normalisation over channels, rows and columns jointly, with a weight for each element.</summary>
    Layer,

    /// <summary>Batch normalisation over channels.</summary>
    Batch,
}
