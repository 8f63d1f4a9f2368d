using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Guidance by a classifier of noised images.</summary>
public static class ClassifierGuidance
{
    /// <summary>scale * d/dx sum of log p(label | x_t, t).</summary>
    /// <param name="classifier">Noised images and time steps to logits [N, K].</param>
    /// <param name="labels">Int64 [N], the wanted classes.</param>
    /// <param name="scale">How hard to pull.</param>
    public static Guidance Towards(Func<Tensor, Tensor, Tensor> classifier, Tensor labels, double scale = 1) =>
        (x, timesteps) =>
        {
            using var yes = GradMode.Yes();
            using var scope = Scope.Open();
            var leaf = x.Detach();
            leaf.RequiresGrad = true;
            var chosen = classifier(leaf, timesteps).LogSoftmax(-1).Gather(-1, labels.Unsqueeze(-1)).Sum();
            var gradient = chosen.GradientsOf([leaf])[0] ?? throw new InvalidOperationException(
                "the classifier's logits do not depend on the images");
            using var no = GradMode.No();
            return scope.Keep(gradient * scale);
        };
}
