using System.Text.Json;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>A run of <c>diffract train</c> as a comparison sees it.</summary>
/// <param name="Name">Its folder's name.</param>
/// <param name="Recipe">What it does.</param>
/// <param name="Epochs">Epochs done.</param>
/// <param name="Validation">Top-1 of the kept head on the held-out images, 0 to 1; null where there is none.</param>
/// <param name="Evaluation">The kept head's score on the images it was evaluated on; null where it was not.</param>
/// <param name="LearningRate">The rate of the first epoch, given or found; null before the end of its search.</param>
public sealed record HeadRun(string Name, TrainRecipe Recipe, int Epochs, double? Validation,
    EvaluationFile? Evaluation, double? LearningRate)
{
    /// <summary>Top-1 on the images it was evaluated on; null where it was not.</summary>
    public Proportion? Score => Evaluation is { } found ? new Proportion(found.Top1, found.Images) : null;

    /// <summary>The method in the paper's words.</summary>
    public string Method =>
        (Recipe.Feedback is { } feedback ? $"DifFeed ({feedback.Strategy}), " : "") + Recipe.Head.Kind
        + (Recipe.FineTune ? ", fine-tuned" : "");

    /// <summary>What it reads, in words.</summary>
    public string Features => Recipe.Features is { } file ? Path.GetFileName(file)
        : $"t {List(Recipe.Timesteps ?? [150])}; b {List(Recipe.Blocks ?? [24])}";

    /// <summary>Whether all epochs are done.</summary>
    public bool IsComplete => Epochs >= Recipe.Epochs;

    /// <summary>Runs with the same differ in their seed and their learning rate alone.</summary>
    internal string Kind { get; } = JsonSerializer.Serialize(
        Recipe with { Seed = 0, Optimiser = Recipe.Optimiser with { LearningRate = null } }, TrainRecipe.Json);

    /// <summary>The runs of heads in the folders of a folder, by name; folders of other runs are passed over.</summary>
    /// <param name="parent">The folder.</param>
    /// <param name="damaged">Told of each run that cannot be read, and why; it is left out.</param>
    /// <exception cref="RunException">There is no such folder.</exception>
    public static IReadOnlyList<HeadRun> In(string parent, Action<string> damaged)
    {
        if (!Directory.Exists(parent)) throw new RunException($"{parent}: there is no such folder of runs");
        return [.. Directory.GetDirectories(parent).Order(StringComparer.Ordinal)
            .Select(folder => Find(folder, damaged)).OfType<HeadRun>()];
    }

    private static HeadRun? Find(string folder, Action<string> damaged)
    {
        try
        {
            return Find(folder);
        }
        catch (Exception e) when (e is DiffractException or IOException or UnauthorizedAccessException)
        {
            damaged(e.Message.Contains(folder, StringComparison.Ordinal) ? e.Message : $"{folder}: {e.Message}");
            return null;
        }
    }

    private static HeadRun? Find(string folder)
    {
        var path = Path.Combine(folder, "recipe.json");
        if (!File.Exists(path) || !IsOfHead(path)) return null;
        var run = RunFolder.Open(folder);
        var head = run.At("best.safetensors");
        var recipe = RecipeFile.Load(path, TrainRecipe.Json);
        return new HeadRun(run.Name, recipe, MetricsLog.Read(run.MetricsPath).Count,
            File.Exists(head) ? HeadFile.Header(head).ValidationAccuracy : null, EvaluationFile.Of(head),
            recipe.Optimiser.LearningRate ?? TrainTask.FoundRate(run));
    }

    // What only this verb's recipe has together: a study's has a head too, and a sweep's an optimiser.
    private static bool IsOfHead(string path)
    {
        try
        {
            using var recipe = JsonDocument.Parse(File.ReadAllBytes(path));
            return recipe.RootElement.ValueKind == JsonValueKind.Object
                && recipe.RootElement.TryGetProperty("optimiser", out _)
                && recipe.RootElement.TryGetProperty("head", out _);
        }
        catch (JsonException e)
        {
            throw new RunException($"{path}: {RecipeFile.Damage(e)}", e);
        }
    }

    private static string List(IReadOnlyList<int> numbers) => string.Join(", ", numbers);
}
