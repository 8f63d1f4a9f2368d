using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Model;

/// <summary>The Inception-v3 network with which FID is calculated (Szegedy et al. 2016; Heusel et al. 2017): that of
/// TensorFlow's 2015 release, under the names of its published port to PyTorch. It differs from other Inception-v3
/// networks in its weights, in means that do not count padding, and in one maximum instead of a mean.</summary>
public sealed class InceptionV3 : Module
{
    private const string Counter = ".num_batches_tracked";

    private readonly List<(InceptionConv Layer, bool EndsPart)> stem = [];
    private readonly List<InceptionBlock> blocks = [];

    /// <summary>A network without numbers: initialise it or load a state dict.</summary>
    public InceptionV3()
    {
        var channels = 3;
        foreach (var (step, endsPart) in InceptionPlan.Stem)
        {
            stem.Add((Child(step.Name, new InceptionConv(channels, step)), endsPart));
            channels = step.Channels;
        }
        foreach (var (name, branches) in InceptionPlan.Blocks)
        {
            blocks.Add(Child(name, new InceptionBlock(channels, branches)));
            channels = blocks[^1].OutChannels;
        }
        // Features come from before it; it is there because it is in the checkpoint.
        Child("fc", new Linear(channels, InceptionPlan.Classes));
    }

    /// <summary>Side of the images it was made for, pixels.</summary>
    public static int ImageSize => 299;

    /// <summary>Number of features.</summary>
    public static int Features => InceptionPlan.Features;

    /// <summary>Opens a checkpoint: the published one for FID in PyTorch, or the same as safetensors.</summary>
    /// <param name="path">A safetensors or PyTorch file with the state dict.</param>
    /// <param name="device">Where the network is to be; the CPU when left out.</param>
    /// <returns>The network, frozen and in evaluation mode.</returns>
    /// <exception cref="FileFormatException">The file is damaged or of another kind.</exception>
    /// <exception cref="StateDictException">It is another network; all that differs is listed.</exception>
    public static InceptionV3 Load(string path, Device? device = null)
    {
        using var file = TensorFile.Open(path);
        if (file.Keys.Any(name => name.StartsWith("AuxLogits.", StringComparison.Ordinal))
            || file.Tensors.Any(tensor => tensor.Name == "fc.weight" && tensor.Shape == Shape.Of(1000, Features)))
            throw new StateDictException($"{path} is an Inception-v3 for the 1000 classes of ImageNet, and not the one "
                + $"that FID is calculated with, which has {InceptionPlan.Classes}");
        var network = new InceptionV3();
        try
        {
            network.Eval();
            network.RequiresGrad(false);
            if (device is not null) network.To(device);
            using var scope = Scope.Open();
            var state = file.ToDictionary(tensor => tensor.Key, tensor => tensor.Value);
            // Files from before PyTorch 0.4.1 do not count batches, and evaluation does not ask for the number.
            foreach (var (name, _) in network.State())
                if (name.EndsWith(Counter, StringComparison.Ordinal))
                    state.TryAdd(name, Tensor.From([0L], Shape.Scalar));
            network.LoadStateDict(state, share: true);
            return network;
        }
        catch (StateDictException e)
        {
            network.Dispose();
            throw new StateDictException($"{path}: {e.Message}");
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>The maps whose mean are the features.</summary>
    /// <param name="x">[N, H, W, 3], -1 to 1, of at least 75 x 75 pixels; it was trained with
    /// <see cref="ImageSize"/>.</param>
    /// <returns>[N, H', W', 2048]: 8 x 8 for images of 299 x 299.</returns>
    public Tensor Forward(Tensor x)
    {
        using var _ = Anomaly.Enter(Name);
        using var scope = Scope.Open();
        var h = x;
        foreach (var (layer, endsPart) in stem)
        {
            h = Step.After(h, layer.Forward(h), x);
            if (endsPart) h = Step.After(h, InceptionPool.Halving.Of(h), x);
        }
        foreach (var block in blocks) h = Step.After(h, block.Forward(h), x);
        return scope.Keep(h);
    }
}
