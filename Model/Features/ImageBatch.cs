using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Some images and who they are.</summary>
/// <param name="Images">[N, H, W, 3], float32, -1 to 1.</param>
/// <param name="Ids">A number for each image that stays the same from run to run: its noise is drawn from it.</param>
/// <param name="Labels">[N] class labels, if known.</param>
public sealed record ImageBatch(Tensor Images, IReadOnlyList<long> Ids, Tensor? Labels = null) : IDisposable
{
    /// <summary>Releases images and labels.</summary>
    public void Dispose()
    {
        Images.Dispose();
        Labels?.Dispose();
    }
}
