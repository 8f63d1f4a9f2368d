namespace Diffract.Tasks;

/// <summary>How many test images their nearest neighbours named rightly.</summary>
/// <param name="Timestep">0-based.</param>
/// <param name="Block">1-based.</param>
/// <param name="K">Neighbours that voted.</param>
/// <param name="Top1">Images whose class got the most votes.</param>
/// <param name="Top5">Images whose class was among the five with the most votes.</param>
public sealed record KnnScore(int Timestep, int Block, int K, Proportion Top1, Proportion Top5);

/// <summary>What nearest neighbours gave.</summary>
/// <param name="TrainImages">Images that voted.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="Scores">Timestep by timestep, block by block, k by k.</param>
public sealed record KnnResult(int TrainImages, int Classes, IReadOnlyList<KnnScore> Scores)
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<KnnResult> Json => KnnJson.Default.KnnResult;
}
