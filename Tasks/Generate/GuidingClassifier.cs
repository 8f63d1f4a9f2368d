using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>A classifier of noised images that pulls samples towards classes (Dhariwal and Nichol 2021).</summary>
internal sealed class GuidingClassifier : IDisposable
{
    private readonly LoadedNetwork loaded;

    private GuidingClassifier(LoadedNetwork loaded) => this.loaded = loaded;

    /// <summary>Classes that it knows.</summary>
    public int Classes => loaded.Encoder.Config.OutChannels;

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">The network whose samples are to be guided.</param>
    /// <param name="size">Side of the samples.</param>
    /// <exception cref="DiffractException">It is no classifier, or knows other sizes or classes.</exception>
    public static GuidingClassifier Load(string path, DiffusionNetwork network, int size)
    {
        var loaded = Networks.Load(path, new NetworkOptions { Device = network.Network.Device });
        try
        {
            if (loaded.Network is not EncoderUNet encoder)
                throw new DiffractException($"{path} is a diffusion U-Net (it has output blocks); guidance takes a "
                    + "classifier");
            if (encoder.Config.ImageSize != size)
                throw new DiffractException($"{path} classifies images of {encoder.Config.ImageSize} pixels, the "
                    + $"samples have {size}");
            if (network.Network.Config.NumClasses is { } classes && classes != encoder.Config.OutChannels)
                throw new DiffractException($"{path} knows {encoder.Config.OutChannels} classes, the network "
                    + $"{classes}");
            encoder.Eval();
            encoder.RequiresGrad(false);
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
        ClassifierGuidance.Towards(loaded.Encoder.Forward, labels, scale);

    /// <inheritdoc/>
    public void Dispose() => loaded.Dispose();
}
