using System.Text.Json;
using System.Text.Json.Serialization;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>A classifier of noised images (Dhariwal and Nichol 2021) with the process it was trained with.</summary>
/// <param name="Path">The checkpoint.</param>
/// <param name="Network">The network, frozen and in evaluation mode.</param>
/// <param name="Process">The process: its own, or that of the published networks.</param>
/// <param name="Classes">Class names, label 0 first; null where the checkpoint does not say them.</param>
public sealed record ClassifierNetwork(
    string Path, EncoderUNet Network, DiffusionRecipe Process, IReadOnlyList<string>? Classes) : IDisposable
{
    private const string ClassesKey = "diffract.classes";

    /// <summary>Writes parameters under PyTorch's names, with architecture, process and classes.</summary>
    /// <param name="path">The file; it appears whole or not at all.</param>
    /// <param name="network">The network.</param>
    /// <param name="process">The process.</param>
    /// <param name="classes">Class names, label 0 first.</param>
    public static void Save(
        string path, EncoderUNet network, DiffusionRecipe process, IReadOnlyList<string> classes) =>
        TensorFile.Save(path, network.StateDict(), new Dictionary<string, string>
        {
            [Networks.MetadataKey] = network.Config.ToJson(),
            [DiffusionRecipe.Key] = process.ToJson(),
            [ClassesKey] = JsonSerializer.Serialize(classes, ClassNamesJson.Default.IReadOnlyListString),
        });

    /// <summary>Opens a checkpoint of this program, or a published one.</summary>
    /// <param name="path">A safetensors or PyTorch file.</param>
    /// <param name="device">Where the network is to be; the CPU when left out.</param>
    /// <exception cref="DiffractException">It is no classifier.</exception>
    public static ClassifierNetwork Load(string path, Device? device = null)
    {
        DiffusionRecipe? process;
        IReadOnlyList<string>? classes;
        using (var file = TensorFile.Open(path))
        {
            process = DiffusionRecipe.From(file);
            classes = file.Metadata.TryGetValue(ClassesKey, out var text)
                ? JsonSerializer.Deserialize(text, ClassNamesJson.Default.IReadOnlyListString)
                : null;
        }
        var loaded = Networks.Load(path, new NetworkOptions { Device = device });
        if (loaded.Network is not EncoderUNet network)
        {
            loaded.Dispose();
            throw new DiffractException($"{path} is a diffusion U-Net (it has output blocks); a classifier is needed");
        }
        network.Eval();
        network.RequiresGrad(false);
        return new ClassifierNetwork(path, network, process ?? new DiffusionRecipe
        {
            Schedule = UNetPresets.NoiseScheduleOf(loaded.Detected.Preset),
        }, classes);
    }

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();
}

[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class ClassNamesJson : JsonSerializerContext;
