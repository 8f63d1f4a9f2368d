using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>How a classifier did at one timestep.</summary>
/// <param name="Timestep">0-based; null for clean images, which the network is told are at 0.</param>
/// <param name="Top1">Images whose class had the highest score.</param>
/// <param name="Top5">Images whose class was among the five highest.</param>
/// <param name="Loss">Mean cross-entropy, nats.</param>
public sealed record ClassifierScore(int? Timestep, Proportion Top1, Proportion Top5, double Loss);

/// <summary>How a classifier did on some images.</summary>
/// <param name="Data">The images.</param>
/// <param name="Scores">Clean images first, then timestep by timestep.</param>
public sealed record ClassifierScores(string Data, IReadOnlyList<ClassifierScore> Scores);

/// <summary>Scores classifiers of noised images.</summary>
public static class ClassifierEvaluation
{
    /// <summary>Scores a network on images with noise of a timestep, which depends on the image and the seed alone.
    /// </summary>
    /// <param name="network">The network, in evaluation mode.</param>
    /// <param name="process">The process it was trained with.</param>
    /// <param name="data">Labelled images.</param>
    /// <param name="timestep">0-based; null for clean images.</param>
    /// <param name="batch">Images at once.</param>
    /// <param name="seed">Of the noise.</param>
    /// <param name="onBatch">Called with the number of images of every batch.</param>
    /// <param name="broken">What happens to images that cannot be read.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    public static ClassifierScore Run(EncoderUNet network, DiffusionRecipe process, ImageDataset data, int? timestep,
        int batch, ulong seed = 0, Action<int>? onBatch = null, BrokenImages? broken = null,
        CancellationToken cancellation = default)
    {
        using var no = GradMode.No();
        var diffusion = process.Make();
        var noise = new NoiseSource(seed);
        var score = new ClassificationScore(data.ClassNames);
        var loss = 0.0;
        var loader = new Loader(data, LoaderOptions.Evaluation(network.Config.ImageSize, batch), broken);
        foreach (var made in loader.Epoch(cancellation: cancellation))
            using (made)
            {
                using var scope = Scope.Open();
                var (x, labels) = (made.Images.To(network.Device), made.Labels.To(network.Device));
                int[] t = [.. Enumerable.Repeat(timestep ?? 0, made.Count)];
                if (timestep is { } step)
                    x = diffusion.QSample(x, t, noise.For([.. made.Indices.Select(i => (long)i)], step, x.Shape[1..],
                        x.Device));
                var logits = network.Forward(x, diffusion.Timesteps(t, x.Device)).To(DType.Float32);
                score.Add(logits, made.Labels);
                loss += logits.CrossEntropy(labels, reduction: Kernels.Reduction.Sum).Item<float>();
                onBatch?.Invoke(made.Count);
            }
        return new ClassifierScore(timestep, score.Top1, score.Top5, loss / Math.Max(1, score.Top1.Trials));
    }
}
