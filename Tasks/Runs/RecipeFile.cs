using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Recipes as JSON: an immutable record that says everything a verb does, so that the same file repeats the
/// same run.</summary>
/// <remarks>Mark a recipe's <c>JsonSerializerContext</c> with <c>UnmappedMemberHandling = Disallow</c>: a misspelt
/// setting is then an error instead of a default.</remarks>
public static class RecipeFile
{
    /// <summary>Writes a recipe, atomically.</summary>
    /// <typeparam name="T">The recipe's record.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="recipe">What to write.</param>
    /// <param name="type">The record's generated description: <c>MyJson.Default.MyRecipe</c>.</param>
    public static void Save<T>(string path, T recipe, JsonTypeInfo<T> type) =>
        AtomicFile.WriteText(path, JsonSerializer.Serialize(recipe, type) + "\n");

    /// <summary>Reads a recipe.</summary>
    /// <typeparam name="T">The recipe's record.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="type">The record's generated description.</param>
    /// <exception cref="RunException">The file is absent, is not JSON, or has a setting that the record does not.
    /// </exception>
    public static T Load<T>(string path, JsonTypeInfo<T> type)
    {
        if (!File.Exists(path)) throw new RunException($"{path}: no such recipe");
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(path), type)
                ?? throw new RunException($"{path}: the recipe is null");
        }
        catch (JsonException e)
        {
            throw new RunException($"{path}: line {(e.LineNumber ?? 0) + 1}: {Sentence(e)}", e);
        }
    }

    // "… Path: $.x | LineNumber: 3 | BytePositionInLine: 9." repeats what the message above says.
    private static string Sentence(JsonException e)
    {
        var at = e.Message.IndexOf(" Path: ", StringComparison.Ordinal);
        return (at > 0 ? e.Message[..at] : e.Message).TrimEnd('.');
    }
}
