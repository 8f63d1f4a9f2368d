using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Pictures and labels of one step. Its tensors belong to no scope: they live until the batch is disposed.
/// </summary>
/// <param name="epoch">The pass over the data set it is from.</param>
/// <param name="number">Its position in that pass, from 0.</param>
/// <param name="images">Float32 [N, size, size, 3] in [-1, 1].</param>
/// <param name="labels">Int64 [N].</param>
/// <param name="indices">Positions of the pictures in the data set.</param>
public sealed class Batch(int epoch, int number, Tensor images, Tensor labels, IReadOnlyList<int> indices) : IDisposable
{
    /// <summary>The pass over the data set it is from.</summary>
    public int Epoch => epoch;

    /// <summary>Its position in that pass, from 0. The loader can start again at the next one.</summary>
    public int Number => number;

    /// <summary>The pictures: float32 [N, size, size, 3] in [-1, 1]. N is smaller than asked for in the last batch, and
    /// where broken pictures were left out.</summary>
    public Tensor Images => images;

    /// <summary>The labels: int64 [N]; -1 where there is none.</summary>
    public Tensor Labels => labels;

    /// <summary>Positions of the pictures in the data set.</summary>
    public IReadOnlyList<int> Indices => indices;

    /// <summary>Number of pictures.</summary>
    public int Count => indices.Count;

    /// <summary>Releases both tensors.</summary>
    public void Dispose()
    {
        images.Dispose();
        labels.Dispose();
    }
}
