namespace Diffract.Tasks;

/// <summary>One pass over images.</summary>
/// <param name="BatchSize">Images in a batch; the last one may be smaller.</param>
/// <param name="Training">True for an order of its own, fresh noise and augmentation in every epoch; false for the
/// given order, the first noise draw and centre crops.</param>
/// <param name="Seed">Of order, noise and augmentation.</param>
/// <param name="Epoch">Which pass, from 0.</param>
/// <param name="FirstBatch">The batch to start with.</param>
/// <param name="Draw">Outside training: which noise draw, from 0.</param>
/// <param name="Before">Called with a batch's number before its maps are calculated, so that a step whose remaining
/// batches are broken can change the weights before they are used again.</param>
public readonly record struct FeaturePass(int BatchSize, bool Training = false, ulong Seed = 0, int Epoch = 0,
    int FirstBatch = 0, int Draw = 0, Action<int>? Before = null);
