using Diffract.Engine;

namespace Diffract.Model;

/// <summary>The variational bound on images' negative log likelihood, in bits per dimension, and its parts.</summary>
/// <param name="Total">[N]: the sum of all terms and the prior's.</param>
/// <param name="Prior">[N]: what is left of the image at the last step.</param>
/// <param name="Terms">[N, T]: the term of every step, step 0 first.</param>
/// <param name="StartMse">[N, T]: squared error of the predicted clean image.</param>
/// <param name="Mse">[N, T]: squared error of the predicted noise.</param>
public sealed record VariationalBound(Tensor Total, Tensor Prior, Tensor Terms, Tensor StartMse, Tensor Mse);
