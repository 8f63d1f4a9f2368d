using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Steps for a batch, with the weights that keep the loss unbiased.</summary>
/// <param name="T">One step a sample.</param>
/// <param name="Weights">1 / (T p(t)) for each sample.</param>
public sealed record TimestepDraw(IReadOnlyList<int> T, IReadOnlyList<double> Weights)
{
    /// <summary>The weights to multiply per-sample losses by, Float32 [N].</summary>
    public Tensor WeightTensor(Device? device = null) =>
        Tensor.From([.. Weights.Select(weight => (float)weight)], [Weights.Count], device);
}
