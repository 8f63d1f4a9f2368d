using Diffract.Engine;

namespace Diffract.Model;

/// <summary>What the two passes of DifFeed gave for one time step. The tensors belong to the caller's scope.</summary>
/// <param name="First">Maps of the first pass that were wanted or fed back, by block; without gradients.</param>
/// <param name="Fed">What each feedback network made, by decoder block.</param>
/// <param name="Second">The wanted maps of the second pass, by block.</param>
public sealed record TwoPasses(IReadOnlyDictionary<int, Tensor> First, IReadOnlyDictionary<int, Tensor> Fed,
    IReadOnlyDictionary<int, Tensor> Second);
