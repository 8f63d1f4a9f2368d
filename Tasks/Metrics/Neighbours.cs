using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>The training images that are most alike to some others, on the device of the features.</summary>
/// <param name="Similarities">[N, k], highest first.</param>
/// <param name="Indices">Int64 [N, k]: positions among the training images; of equals the first comes first.</param>
public sealed record Neighbours(Tensor Similarities, Tensor Indices);
