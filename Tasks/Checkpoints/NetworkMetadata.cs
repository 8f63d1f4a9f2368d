using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>What a checkpoint of another program lacks: its architecture and its diffusion process, as this library
/// keeps them in metadata.</summary>
internal static class NetworkMetadata
{
    /// <summary>A file's metadata with the network of its tensors.</summary>
    /// <param name="metadata">What the file says already; stays.</param>
    /// <param name="state">Its tensors.</param>
    /// <param name="options">What names and shapes do not tell.</param>
    /// <param name="schedule">The noise schedule; that of the published network, or linear, when null.</param>
    /// <exception cref="NetworkDetectionException">The tensors are no network of this family.</exception>
    public static Dictionary<string, string> Of(IReadOnlyDictionary<string, string> metadata,
        IEnumerable<KeyValuePair<string, Tensor>> state, NetworkOptions? options, string? schedule)
    {
        var detected = Networks.Detect(state.ToDictionary(t => t.Key, t => t.Value.Shape), options);
        var full = new Dictionary<string, string>(metadata) { [Networks.MetadataKey] = detected.Config.ToJson() };
        if (detected.Config is not UNetConfig network) return full;
        var process = DiffusionRecipe.Of(network, detected.Preset);
        full[DiffusionRecipe.Key] = (process with { Schedule = schedule ?? process.Schedule }).ToJson();
        return full;
    }
}
