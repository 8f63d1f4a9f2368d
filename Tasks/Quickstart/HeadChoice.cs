namespace Diffract.Tasks;

/// <summary>The linear head's accuracy at one timestep and block.</summary>
/// <param name="Timestep">0-based; 0 for raw pixels.</param>
/// <param name="Block">1-based.</param>
/// <param name="Pool">Side the map was averaged to.</param>
/// <param name="Validation">Top-1 on the validation images, 0 to 1.</param>
public sealed record GridPoint(int Timestep, int Block, int Pool, double Validation);

/// <summary>A head that was chosen on validation images and scored once on test images.</summary>
/// <param name="Seed">Of the labelled sample, the head and the noise.</param>
/// <param name="Representation">What the head reads.</param>
/// <param name="Head"><c>linear</c> or <c>attention</c>.</param>
/// <param name="Point">Timestep, block and pooling.</param>
/// <param name="LearningRate">Learning rate.</param>
/// <param name="Validation">Top-1 on the validation images, 0 to 1.</param>
/// <param name="Test">Top-1 on the test images.</param>
public sealed record HeadChoice(ulong Seed, string Representation, string Head, GridPoint Point, double LearningRate,
    double Validation, Proportion Test);

/// <summary>What the quickstart found.</summary>
/// <param name="Heads">Every representation with both heads, seed by seed.</param>
/// <param name="Grid">The pretrained network's linear heads for every timestep and block, first seed.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record QuickstartResult(IReadOnlyList<HeadChoice> Heads, IReadOnlyList<GridPoint> Grid, double Seconds)
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<QuickstartResult> Json =>
        QuickstartJson.Default.QuickstartResult;
}
