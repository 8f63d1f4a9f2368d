using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>Options that say how images become features, of verbs that read feature files or images.</summary>
/// <param name="images">The timesteps of images when none are said.</param>
/// <param name="files">Whether the verb reads feature files too.</param>
internal sealed class FeatureWords(string images = "150", bool files = true)
{
    private readonly Option<string?> network = RunOptions.File("--network",
        "Checkpoint of the diffusion U-Net that reads images" + (files ? "; not for feature files" : ""));
    private readonly Option<int?> size = RunOptions.ImageSize();
    private readonly Option<string> timesteps = new("--timesteps")
    {
        Description = "Noise levels, 0-based; " + (files
            ? $"all of a feature file, {images} for images"
            : $"{images} when left out"),
        HelpName = "A,B,...",
    };
    private readonly Option<string> blocks = new("--blocks")
    {
        Description = "Blocks; all when left out",
        HelpName = "A,B,...",
    };
    private readonly Option<int?> label = RunOptions.Label();
    private readonly Option<ulong> seed = RunOptions.Seed();
    private readonly Option<bool> stop = RunOptions.StopOnBroken();
    private readonly InferenceWords inference = new();

    public Option[] Options => [network, size, timesteps, blocks, label, seed, stop, .. inference.Options];

    /// <summary>What was said of timesteps; null for nothing.</summary>
    public IReadOnlyList<int>? Timesteps(ParseResult parsed) => RunOptions.Choices(parsed, timesteps, least: 0);

    /// <summary>What was said of blocks; null for nothing.</summary>
    public IReadOnlyList<int>? Blocks(ParseResult parsed) => RunOptions.Choices(parsed, blocks, least: 1);

    /// <summary>The features in a file, or of the images in a folder.</summary>
    /// <param name="parsed">What was said.</param>
    /// <param name="path">The file or folder.</param>
    /// <param name="part">Of a data set that has parts.</param>
    /// <param name="seeded">Whether the seed decides more than the noise of images.</param>
    /// <param name="beside">What is read beside it; what only images need is meant for that where it has no features.
    /// </param>
    /// <param name="own">Further options of the verb that only images need.</param>
    /// <exception cref="DiffractException">It is a file and something was said that only images need.</exception>
    public FeatureInput Input(ParseResult parsed, string path, DatasetPart part, bool seeded = false,
        string? beside = null, params ReadOnlySpan<Option> own)
    {
        var input = new FeatureInput
        {
            Path = path,
            Part = part,
            Timesteps = Timesteps(parsed),
            Blocks = Blocks(parsed),
            Seed = parsed.GetValue(seed),
        };
        if (!FeatureInput.HasFeatures(path))
            return input with
            {
                Network = parsed.GetValue(network),
                ImageSize = parsed.GetValue(size),
                ClassLabel = parsed.GetValue(label),
                Inference = inference.Recipe(parsed),
                StopOnBrokenImage = parsed.GetValue(stop),
            };
        if (beside is not null && !FeatureInput.HasFeatures(beside)) return input;
        foreach (var option in (Option[])[network, size, label, seed, stop, .. inference.Options, .. own])
            if (parsed.GetResult(option) is { Implicit: false } && !(seeded && option == seed))
                throw new DiffractException($"{path} has features already: leave {option.Name} out");
        return input;
    }

    /// <summary>Says what was assumed of a network.</summary>
    public static OpenedFeatures Announced(Terminal terminal, OpenedFeatures opened)
    {
        foreach (var line in opened.Assumed) terminal.Error.WriteLine($"assumed: {line}");
        return opened;
    }
}
