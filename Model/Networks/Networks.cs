using Diffract.Engine;

namespace Diffract.Model;

/// <summary>Networks from checkpoint files.</summary>
public static class Networks
{
    /// <summary>Key of the safetensors metadata under which the architecture is kept, as JSON.</summary>
    public const string MetadataKey = "diffract.network";

    /// <summary>Opens a checkpoint, finds its architecture, and loads it, strictly. A frozen network's float32 weights
    /// lie in the mapped file, which must not be changed as long as they are used (it may be replaced); anything else
    /// is copied tensor by tensor, so that memory never holds the network twice.</summary>
    /// <param name="path">A safetensors or PyTorch file with a state dict.</param>
    /// <param name="options">What names and shapes do not tell.</param>
    /// <returns>The network, frozen and in evaluation mode unless the options ask for training.</returns>
    /// <exception cref="FileFormatException">The file is damaged or of another kind.</exception>
    /// <exception cref="NetworkDetectionException">It holds no network of this family, or leaves open how it was built.
    /// </exception>
    /// <exception cref="StateDictException">Names or shapes do not fit the architecture.</exception>
    public static LoadedNetwork Load(string path, NetworkOptions? options = null)
    {
        using var file = TensorFile.Open(path);
        try
        {
            return Load(file, options ?? new NetworkOptions());
        }
        catch (NetworkDetectionException e)
        {
            throw new NetworkDetectionException($"{path}: {e.Message}", e.LacksHeads);
        }
        catch (StateDictException e)
        {
            throw new StateDictException($"{path}: {e.Message}");
        }
    }

    /// <summary>Writes a network's parameters under PyTorch's names, with its architecture in the metadata, so that
    /// <see cref="Load(string, NetworkOptions)"/> needs no options.</summary>
    /// <param name="path">The file, <c>.safetensors</c> or <c>.pt</c>; it appears whole or not at all.</param>
    /// <param name="network">An initialised or loaded network.</param>
    public static void Save(string path, UNetTrunk network) => TensorFile.Save(path, network.StateDict(),
        new Dictionary<string, string> { [MetadataKey] = network.Plan.Config.ToJson() });

    /// <summary>Finds the architecture of an open checkpoint without reading its numbers: from its metadata when this
    /// library wrote it, else from names and shapes.</summary>
    /// <inheritdoc cref="Detect(IReadOnlyDictionary{string, Shape}, NetworkOptions)"/>
    public static DetectedNetwork Detect(TensorFile file, NetworkOptions? options = null)
    {
        options ??= new NetworkOptions();
        return options.Config is null && file.Metadata.TryGetValue(MetadataKey, out var json)
            ? new DetectedNetwork(NetworkDetector.Override(TrunkConfig.FromJson(json), options), null, [])
            : Detect(file.Tensors.ToDictionary(t => t.Name, t => t.Shape), options);
    }

    /// <summary>Finds the architecture that names and shapes belong to.</summary>
    /// <param name="shapes">Shapes by state-dict name.</param>
    /// <param name="options">What names and shapes do not tell.</param>
    /// <exception cref="NetworkDetectionException">They fit no network of this family, or leave open how it was built.
    /// </exception>
    public static DetectedNetwork Detect(IReadOnlyDictionary<string, Shape> shapes, NetworkOptions? options = null) =>
        options?.Config is { } config
            ? new DetectedNetwork(config, null, [])
            : NetworkDetector.Detect(shapes, options ?? new NetworkOptions());

    /// <summary>A network without numbers.</summary>
    public static UNetTrunk Create(TrunkConfig config) => config switch
    {
        UNetConfig unet => new UNet(unet),
        EncoderUNetConfig encoder => new EncoderUNet(encoder),
        _ => throw new NotSupportedException($"no network is known for {config.GetType().Name}"),
    };

    private static LoadedNetwork Load(TensorFile file, NetworkOptions options)
    {
        var detected = Detect(file, options);
        var network = Create(detected.Config);
        try
        {
            if (!options.Trainable)
            {
                network.Eval();
                network.RequiresGrad(false);
            }
            network.UseMemory(options.Memory);
            // Before there are numbers: tensor by tensor goes from the file to the device, and none is there twice.
            if (options.Device is { } device) network.To(device);
            network.LoadStateDict(file, share: true);
        }
        catch
        {
            network.Dispose();
            throw;
        }
        return new LoadedNetwork(network, detected);
    }
}
