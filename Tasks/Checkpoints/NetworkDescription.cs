using System.Globalization;
using System.Text.Json.Nodes;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>The network that a file's names and shapes belong to, in words.</summary>
internal static class NetworkDescription
{
    /// <summary>The architecture as JSON; null when the file holds none of this family or leaves open how it was built.
    /// </summary>
    public static JsonNode? Json(TensorFile file)
    {
        try
        {
            return JsonNode.Parse(Networks.Detect(file).Config.ToJson());
        }
        catch (NetworkDetectionException)
        {
            return null;
        }
    }

    /// <summary>What it is, then a line for each thing that had to be assumed; nothing for a file that does not look
    /// like a network.</summary>
    public static IEnumerable<string> Lines(TensorFile file) => TryDetect(file, out var problem) is { } detected
        ? Lines(detected)
        : file.ContainsKey("input_blocks.0.0.weight") ? [$"network: {problem}"] : [];

    private static IEnumerable<string> Lines(DetectedNetwork detected)
    {
        var (config, plan) = (detected.Config, UNetPlan.For(detected.Config));
        var kind = config is UNetConfig ? "diffusion U-Net" : "noisy-image classifier";
        yield return $"network: {kind}{(detected.Preset is { } preset ? $" {preset}" : "")}, {plan.Last} blocks, "
            + $"{Units.Count(plan.Parameters)} parameters, {Units.Large(plan.Macs)} multiply-adds an image of "
            + $"{plan.Input}";
        yield return $"network: {config.ModelChannels} channels x [{List(config.ChannelMult)}], {config.NumResBlocks} "
            + $"residual blocks a level, attention at 1/[{List(config.AttentionResolutions)}] of the size"
            + (config.NormGroups != 32 ? $", {config.NormGroups} groups in a normalisation" : "")
            + (config is UNetConfig { NumClasses: { } classes } ? $", {classes} class labels" : "");
        foreach (var assumption in detected.Assumptions) yield return $"network: {assumption}";
    }

    private static DetectedNetwork? TryDetect(TensorFile file, out string problem)
    {
        try
        {
            problem = "";
            return Networks.Detect(file);
        }
        catch (NetworkDetectionException e)
        {
            problem = e.Message;
            return WithoutHeads(file);
        }
    }

    // Most often it is only the attention heads that no shape tells: everything that is shown here holds without them.
    private static DetectedNetwork? WithoutHeads(TensorFile file)
    {
        try
        {
            var detected = Networks.Detect(file, new NetworkOptions { NumHeads = 1 });
            return detected with { Assumptions = ["names and shapes do not tell the number of attention heads"] };
        }
        catch (NetworkDetectionException)
        {
            return null;
        }
    }

    private static string List<T>(IEnumerable<T> values) where T : IFormattable =>
        string.Join(", ", values.Select(v => v.ToString(null, CultureInfo.InvariantCulture)));
}
