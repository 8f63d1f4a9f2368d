using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Shows the steps of a sampler on a bar at once; <see cref="Progress{T}"/> reports later, on another thread.
/// </summary>
/// <param name="bar">The bar.</param>
/// <param name="each">Units of the bar that a step is.</param>
internal sealed class StepsOnBar(IProgressBar bar, int each = 1) : IProgress<SamplingProgress>
{
    /// <inheritdoc/>
    public void Report(SamplingProgress value) => bar.Advance(each);
}
