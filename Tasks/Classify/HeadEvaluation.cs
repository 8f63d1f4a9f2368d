using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>How a head did on some images.</summary>
/// <param name="Classes">Top-1, top-5 and the confusion matrix.</param>
/// <param name="Loss">Mean cross-entropy.</param>
public sealed record HeadScore(ClassificationScore Classes, double Loss)
{
    /// <summary>Top-1, 0 to 1.</summary>
    public double Accuracy => Classes.Top1.Value;
}

/// <summary>Runs heads over images.</summary>
public static class HeadEvaluation
{
    /// <summary>Scores a head, on the device that it is on.</summary>
    /// <param name="head">A head made for the source's maps.</param>
    /// <param name="source">Features.</param>
    /// <param name="items">Which images.</param>
    /// <param name="batch">Images at once.</param>
    /// <param name="onBatch">Called with the number of images of every batch.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <exception cref="DiffractException">A logit is NaN.</exception>
    public static HeadScore Run(Head head, IFeatureSource source, IReadOnlyList<int> items, int batch,
        Action<int>? onBatch = null, CancellationToken cancellation = default)
    {
        head.Eval();
        var device = head.Device;
        var score = new ClassificationScore(source.Classes);
        double loss = 0;
        foreach (var features in source.Batches(items, new FeaturePass(batch), cancellation))
        {
            using var owned = features;
            using var no = GradMode.No();
            using var scope = Scope.Open();
            var logits = head.Forward(features.Maps.To(device));
            var sum = logits.CrossEntropy(features.Labels.To(device), reduction: Reduction.Sum);
            // Both are queued before the device is waited for.
            score.Add(logits, features.Labels);
            loss += sum.Item<float>();
            onBatch?.Invoke(features.Items.Count);
        }
        return new HeadScore(score, loss / Math.Max(1, score.Top1.Trials));
    }
}
