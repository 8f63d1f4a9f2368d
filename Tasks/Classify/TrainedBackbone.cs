using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>What is trained together with a head, in front of it: feedback networks, the U-Net itself, or both. They
/// belong to others.</summary>
/// <param name="feed">Feedback networks; null for none.</param>
/// <param name="network">A U-Net that is fine-tuned, with the file it comes from; null for a frozen one.</param>
/// <param name="lastBlock">The last block whose maps are read: what comes after it is not trained.</param>
/// <param name="seed">Of the feedback networks' weights, and of dropout.</param>
public sealed class TrainedBackbone(DifFeed? feed, DiffusionNetwork? network, int lastBlock, ulong seed)
{
    private const string FeedbackPart = "feedback", NetworkPart = "network";

    private bool isFresh = network is not null;

    /// <summary>Feedback networks; null for none.</summary>
    public DifFeed? Feedback => feed;

    /// <summary>The U-Net that is fine-tuned; null for a frozen one.</summary>
    public DiffusionNetwork? Tuned => network;

    /// <summary>True where gradients pass through float16, in which small ones vanish.</summary>
    public bool NeedsScaledLoss { get; init; }

    /// <summary>What the optimiser is to change of the feedback networks, with names for its state.</summary>
    public IEnumerable<(string Name, Tensor Parameter)> FeedbackParameters => Parameters(FeedbackPart, feed);

    /// <summary>What the optimiser is to change of the U-Net, with names for its state.</summary>
    public IEnumerable<(string Name, Tensor Parameter)> NetworkParameters => Parameters(NetworkPart, network?.Network);

    /// <summary>Back to where training starts: fresh feedback networks, the U-Net of the file.</summary>
    /// <exception cref="DiffractException">The file is another one than before.</exception>
    public void Reset()
    {
        feed?.Initialise(new Generator(seed).Split(3));
        feed?.RequiresGrad(true);
        if (network is null) return;
        // Taken before anything is learnt: the file may be replaced later.
        var hash = network.Sha256;
        if (!isFresh)
        {
            if (DiffusionNetwork.Hash(network.Path) != hash)
                throw new DiffractException($"{network.Path} was replaced while it was trained, and every start is to "
                    + "be the same: train a copy that stays as it is");
            using var file = TensorFile.Open(network.Path);
            network.Network.LoadStateDict(file);
        }
        isFresh = false;
        network.Network.RequiresGradUpTo(lastBlock);
    }

    /// <summary>Training mode for a step, with the dropout of that step; a function of the position alone, so that a
    /// run can be taken up anywhere.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="batch">The batch in it, from 0.</param>
    public void Train(int epoch, int batch)
    {
        foreach (var (_, module) in Parts)
        {
            module.Train();
            module.UseGenerator(new Generator(seed).Split(4).Split((ulong)epoch).Split((ulong)batch));
        }
    }

    /// <summary>Evaluation mode.</summary>
    public void Eval()
    {
        foreach (var (_, module) in Parts) module.Eval();
    }

    /// <summary>Everything needed to go on.</summary>
    public SavedState Save()
    {
        var state = new SavedState();
        foreach (var (name, module) in Parts)
            foreach (var (path, tensor) in module.StateDict()) state.Tensors[$"{name}.{path}"] = tensor;
        return state;
    }

    /// <summary>Goes on where <see cref="Save"/> was called.</summary>
    public void Load(SavedState state)
    {
        foreach (var (name, module) in Parts)
            module.LoadStateDict(new Dictionary<string, Tensor>(state.Part(name).Tensors));
    }

    private static IEnumerable<(string, Tensor)> Parameters(string part, Module? module) =>
        (module?.NamedParameters() ?? []).Where(p => p.Parameter.RequiresGrad)
            .Select(p => ($"{part}.{p.Name}", p.Parameter));

    private IEnumerable<(string Name, Module Module)> Parts
    {
        get
        {
            if (feed is not null) yield return (FeedbackPart, feed);
            if (network is not null) yield return (NetworkPart, network.Network);
        }
    }
}
