using Diffract.Engine;

namespace Diffract.Model;

/// <summary>The loss of every sample of a batch, and what it is made of.</summary>
/// <param name="Loss">[N]; train on its mean, weighted by the timestep sampler.</param>
/// <param name="Mse">[N], the squared error; null for the losses that are a bound only.</param>
/// <param name="Vb">[N], the term of the variational bound, rescaled as the loss is; null when the loss has none.
/// </param>
public sealed record DiffusionLoss(Tensor Loss, Tensor? Mse, Tensor? Vb);
