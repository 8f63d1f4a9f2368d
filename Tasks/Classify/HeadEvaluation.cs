using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>Runs heads over images.</summary>
public static class HeadEvaluation
{
    /// <summary>The logits a head gives images.</summary>
    /// <param name="head">A head made for the source's maps.</param>
    /// <param name="source">Features.</param>
    /// <param name="items">Which images.</param>
    /// <param name="batch">Images at once.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <param name="onBatch">Called with the number of images of every batch.</param>
    public static Predictions Run(Head head, IFeatureSource source, IReadOnlyList<int> items, int batch,
        CancellationToken cancellation = default, Action<int>? onBatch = null)
    {
        head.Eval();
        var predictions = new Predictions(source.Classes.Count);
        foreach (var features in source.Batches(items, new FeaturePass(batch), cancellation))
        {
            using var owned = features;
            using var no = GradMode.No();
            using var scope = Scope.Open();
            predictions.Add(features.Items, features.Labels.ToArray<long>(), head.Forward(features.Maps).ToArray<float>());
            onBatch?.Invoke(features.Items.Count);
        }
        return predictions;
    }
}
