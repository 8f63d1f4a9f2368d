using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>What is trained on feature maps: from maps to logits. It knows the maps' numbers, channels and sizes, and
/// nothing of the backbone.</summary>
public abstract class Head : Module
{
    /// <summary>Runs the head.</summary>
    /// <param name="maps">The maps it was made for.</param>
    /// <returns>Logits [N, classes].</returns>
    public Tensor Forward(FeatureMaps maps)
    {
        using var _ = Anomaly.Enter(Name);
        using var scope = Scope.Open();
        return scope.Keep(Compute(maps));
    }

    /// <summary>The head's calculation, inside a scope.</summary>
    protected abstract Tensor Compute(FeatureMaps maps);

    /// <summary>A list of blocks for messages.</summary>
    private protected static string List(IEnumerable<int> blocks) => string.Join(", ", blocks);
}
