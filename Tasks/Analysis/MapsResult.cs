namespace Diffract.Tasks;

/// <summary>How much of a block's features its picture shows.</summary>
/// <param name="Timestep">0-based.</param>
/// <param name="Block">1-based.</param>
/// <param name="Shares">Shares of the variance that red, green and blue are, 0 to 1.</param>
public sealed record MapShares(int Timestep, int Block, IReadOnlyList<double> Shares)
{
    /// <summary>Whether it is a map of the first of two passes.</summary>
    public bool IsFirstPass { get; init; }

    /// <summary>"12", or "first 12".</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Name => IsFirstPass ? $"first {Block}" : $"{Block}";
}

/// <summary>What is in pictures of features.</summary>
/// <param name="Images">Names of the images, from above.</param>
/// <param name="Cells">Timestep by timestep, block by block.</param>
public sealed record MapsResult(IReadOnlyList<string> Images, IReadOnlyList<MapShares> Cells)
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<MapsResult> Json => MapsJson.Default.MapsResult;
}
