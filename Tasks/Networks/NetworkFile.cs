using System.Security.Cryptography;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>A diffusion U-Net with the process it was trained with.</summary>
/// <param name="Path">The checkpoint.</param>
/// <param name="Network">The network, frozen and in evaluation mode.</param>
/// <param name="Recipe">The process.</param>
/// <param name="Assumed">What the checkpoint did not say and was assumed, in words.</param>
public sealed record DiffusionNetwork(
    string Path, UNet Network, DiffusionRecipe Recipe, IReadOnlyList<string> Assumed) : IDisposable
{
    private readonly Lazy<string> hash = new(() => Hash(Path));

    /// <summary>In which numbers it calculates features; never <see cref="NetworkPrecision.Auto"/>.</summary>
    public NetworkPrecision Precision { get; init; } = NetworkPrecision.Float32;

    /// <summary>SHA-256 of the checkpoint file, lower-case hexadecimal. The file is read for it once, when it is first
    /// asked for.</summary>
    public string Sha256 => hash.Value;

    /// <summary>Features of images, calculated whenever they are asked for.</summary>
    /// <param name="data">The images.</param>
    /// <param name="spec">Timesteps and blocks.</param>
    /// <param name="imageSize">Side of the images given to the network, pixels; its own when null.</param>
    /// <param name="label">Class label for every image of a class-conditional network.</param>
    /// <param name="seed">Of the noise.</param>
    /// <param name="pool">Side larger maps are averaged to; 0 to keep them.</param>
    /// <exception cref="DiffractException">The network has no such timestep, block or class.</exception>
    public ImageFeatures Features(ImageDataset data, FeatureSpec spec, int? imageSize = null, int? label = null,
        ulong seed = 0, int pool = 0)
    {
        CheckTimesteps(spec);
        return new ImageFeatures(Backbone(label), data, spec, imageSize ?? Network.Config.ImageSize, seed, pool)
        {
            Network = this,
        };
    }

    /// <summary>Refuses timesteps that the network was not trained with.</summary>
    /// <exception cref="DiffractException">There is one.</exception>
    public void CheckTimesteps(FeatureSpec spec)
    {
        if (spec.Timesteps.Max() >= Recipe.Timesteps)
            throw new DiffractException($"the network knows timesteps 0 to {Recipe.Timesteps - 1}, found "
                + string.Join(", ", spec.Timesteps));
    }

    /// <summary>The network as a source of features.</summary>
    /// <param name="label">Class label for every image of a class-conditional network.</param>
    /// <exception cref="DiffractException">The network needs a label and none is given, or the other way round.
    /// </exception>
    public DiffusionBackbone Backbone(int? label)
    {
        CheckLabel(label);
        return new DiffusionBackbone(Network, Recipe.Make(), label)
        {
            Half = Precision.Half,
            Products = Precision.Products,
        };
    }

    /// <summary>Refuses a class that the network does not know, or a missing one that it needs.</summary>
    /// <param name="label">Class label for every image.</param>
    /// <exception cref="DiffractException">It is so.</exception>
    public void CheckLabel(int? label)
    {
        if (Network.Config.NumClasses is { } classes)
        {
            if (label is null)
                throw new DiffractException($"{Path} is a class-conditional network: say with --label which of its "
                    + $"classes (0 to {classes - 1}) the images are to be read as");
            if (label < 0 || label >= classes)
                throw new DiffractException($"{Path} knows classes 0 to {classes - 1}, found --label {label}");
        }
        else if (label is not null)
            throw new DiffractException($"{Path} is an unconditional network: it takes no --label");
    }

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();

    internal static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}

/// <summary>Diffusion networks in files.</summary>
public static class NetworkFile
{
    /// <summary>Writes parameters under PyTorch's names, with architecture and process.</summary>
    /// <param name="path">The file; it appears whole or not at all.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="state">The parameters.</param>
    /// <param name="diffusion">The process.</param>
    /// <param name="text">Further metadata.</param>
    public static void Save(string path, UNetConfig config, IEnumerable<KeyValuePair<string, Tensor>> state,
        DiffusionRecipe diffusion, IReadOnlyDictionary<string, string>? text = null)
    {
        var metadata = new Dictionary<string, string>(text ?? new Dictionary<string, string>())
        {
            [Model.Networks.MetadataKey] = config.ToJson(),
            [DiffusionRecipe.Key] = diffusion.ToJson(),
        };
        TensorFile.Save(path, state, metadata);
    }

    /// <summary>Opens a checkpoint of this program, or a published one.</summary>
    /// <param name="path">A safetensors or PyTorch file.</param>
    /// <param name="options">What names and shapes do not tell.</param>
    /// <param name="diffusion">The process, where the checkpoint does not say or is to be overruled.</param>
    /// <param name="inference">How the network uses the processor.</param>
    /// <param name="device">Where the network is to be; the CPU when left out. Tensors go there one by one.</param>
    public static DiffusionNetwork Load(string path, NetworkOptions? options = null, DiffusionRecipe? diffusion = null,
        InferenceRecipe? inference = null, Device? device = null)
    {
        DiffusionRecipe? own;
        using (var file = TensorFile.Open(path)) own = DiffusionRecipe.From(file);
        inference ??= new InferenceRecipe();
        options ??= new NetworkOptions();
        var loaded = Open(path,
            options with { Memory = inference.Memory, Device = device ?? options.Device });
        NetworkPrecision precision;
        try
        {
            inference.ApplyTo(loaded.Network);
            precision = inference.Precision.ForInference(loaded.Network.Device);
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
        if (loaded.Network is not UNet network)
        {
            loaded.Dispose();
            throw new DiffractException(
                $"{path} is a classifier (it has no output blocks); a diffusion U-Net is needed");
        }
        List<string> assumed = [.. loaded.Detected.Assumptions];
        var recipe = diffusion ?? own ?? DiffusionRecipe.Of(network.Config, loaded.Detected.Preset);
        if (own is null && diffusion is null)
            assumed.Add($"{recipe.Schedule} noise schedule of {recipe.Timesteps} timesteps");
        if (precision.Half is not null && inference.Precision == NetworkPrecision.Auto)
            assumed.Add("products and activations in float16 are exact enough (--precision float32 where not)");
        return new DiffusionNetwork(path, network, recipe, assumed) { Precision = precision };
    }

    private static LoadedNetwork Open(string path, NetworkOptions? options)
    {
        try
        {
            return Model.Networks.Load(path, options);
        }
        catch (NetworkDetectionException e) when (e.LacksHeads)
        {
            throw new DiffractException(
                $"{e.Message}; diffract convert --head-channels N, or --num-heads N, writes a copy that says so", e);
        }
    }
}
