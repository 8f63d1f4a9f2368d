using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>A classifier of noised images that pulls samples towards classes (Dhariwal and Nichol 2021).</summary>
internal sealed class GuidingClassifier : IDisposable
{
    private readonly ClassifierNetwork classifier;

    private GuidingClassifier(ClassifierNetwork classifier) => this.classifier = classifier;

    /// <summary>Classes that it knows.</summary>
    public int Classes => classifier.Network.Config.OutChannels;

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">The network whose samples are to be guided.</param>
    /// <param name="size">Side of the samples.</param>
    /// <exception cref="DiffractException">It is no classifier, or knows other sizes, classes or noise.</exception>
    public static GuidingClassifier Load(string path, DiffusionNetwork network, int size)
    {
        var loaded = ClassifierNetwork.Load(path, network.Network.Device);
        try
        {
            var config = loaded.Network.Config;
            if (config.ImageSize != size)
                throw new DiffractException($"{path} classifies images of {config.ImageSize} pixels, the samples have "
                    + $"{size}");
            if (network.Network.Config.NumClasses is { } classes && classes != config.OutChannels)
                throw new DiffractException($"{path} knows {config.OutChannels} classes, the network {classes}");
            if ((loaded.Process.Schedule, loaded.Process.Timesteps)
                != (network.Recipe.Schedule, network.Recipe.Timesteps))
                throw new DiffractException($"{path} knows images of the {loaded.Process.Schedule} schedule of "
                    + $"{loaded.Process.Timesteps} steps, the network was trained with the {network.Recipe.Schedule} "
                    + $"one of {network.Recipe.Timesteps}: its guidance would be wrong");
            return new GuidingClassifier(loaded);
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Pulls towards classes, int64 [N].</summary>
    /// <param name="labels">One an image.</param>
    /// <param name="scale">How strongly.</param>
    public Guidance Towards(Tensor labels, double scale) =>
        ClassifierGuidance.Towards(classifier.Network.Forward, labels, scale);

    /// <inheritdoc/>
    public void Dispose() => classifier.Dispose();
}
