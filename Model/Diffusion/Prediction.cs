using Diffract.Engine;

namespace Diffract.Model;

/// <summary>What a network's output says of the step before: p(x_{t-1} | x_t).</summary>
/// <param name="Mean">Mean of x_{t-1}, [N, H, W, C].</param>
/// <param name="Variance">Its variance, [N, H, W, C] where it is learned, else [N, 1, 1, 1].</param>
/// <param name="LogVariance">The variance's logarithm, of the same shape.</param>
/// <param name="Start">The clean image x_0 that the prediction amounts to.</param>
public sealed record Prediction(Tensor Mean, Tensor Variance, Tensor LogVariance, Tensor Start);
