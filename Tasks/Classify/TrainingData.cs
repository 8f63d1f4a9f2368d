namespace Diffract.Tasks;

/// <summary>What a head learnt from, as far as the recipe beside it says.</summary>
/// <param name="recipe">The recipe.</param>
public sealed class TrainingData(TrainRecipe recipe)
{
    /// <summary>What a head in a run folder learnt from; null where it lies elsewhere.</summary>
    /// <param name="head">The head's file.</param>
    public static TrainingData? Find(string head)
    {
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(head))!, "recipe.json");
        try
        {
            return File.Exists(path) ? new TrainingData(RecipeFile.Load(path, TrainRecipe.Json)) : null;
        }
        catch (RunException)
        {
            return null;
        }
    }

    /// <summary>Whether it learnt from a feature file.</summary>
    public bool HasFeatures(string path) => Same(recipe.Features, path);

    /// <summary>Whether it learnt from images, or from their training part.</summary>
    public bool HasImages(string path) => Same(recipe.Data, path);

    // A path of a recipe is that of the folder it began in: from elsewhere only its name tells.
    private static bool Same(string? learnt, string path) => learnt is not null && (Full(learnt) == Full(path)
        || (!Path.Exists(learnt) && Path.GetFileName(Full(learnt)) == Path.GetFileName(Full(path))));

    private static string Full(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
}
