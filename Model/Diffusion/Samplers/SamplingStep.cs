using Diffract.Engine;

namespace Diffract.Model;

/// <summary>One step of sampling. The tensors live until the next step is asked for; clone what is to stay.</summary>
/// <param name="Done">Steps made, this one included.</param>
/// <param name="Total">Steps to make.</param>
/// <param name="T">The schedule's step that was undone.</param>
/// <param name="Sample">x_{t-1}.</param>
/// <param name="Start">The clean image x_0 that was predicted.</param>
public sealed record SamplingStep(int Done, int Total, int T, Tensor Sample, Tensor Start);
