using Diffract.Engine;

namespace Diffract.Model;

/// <summary>An independent normal distribution for every element of a batch.</summary>
/// <param name="Mean">Of the batch's shape.</param>
/// <param name="Variance">Of the batch's shape, or [N, 1, …] where all elements of a sample share it.</param>
/// <param name="LogVariance">Its logarithm; where the variance is 0, a number that is safe to calculate with.</param>
public sealed record Normal(Tensor Mean, Tensor Variance, Tensor LogVariance);
