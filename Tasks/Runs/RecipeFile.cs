using System.Text.Json;
using System.Text.Json.Serialization;
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
        var text = File.ReadAllText(path);
        try
        {
            return JsonSerializer.Deserialize(text, type) ?? throw new RunException($"{path}: the recipe is null");
        }
        catch (JsonException e)
        {
            throw new RunException($"{path}: {Problem(text, type, e)}", e);
        }
    }

    /// <summary>What is wrong with a text that is no JSON.</summary>
    internal static string Damage(JsonException e) => $"{Line(e)}: the JSON is damaged or cut off: {Sentence(e)}";

    private static string Problem(string text, JsonTypeInfo type, JsonException e)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (Misfit(document.RootElement, type) is { } problem) return $"{Line(e)}: {problem}";
        }
        catch (JsonException damage)
        {
            return Damage(damage);
        }
        return e.Path is ['$', '.', .. var setting]
            ? $"{Line(e)}: the setting '{setting}' cannot have the value that it has"
            : $"{Line(e)}: {Sentence(e)}";
    }

    // The setting that is too much or missing, in the words of the file.
    private static string? Misfit(JsonElement found, JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object || found.ValueKind != JsonValueKind.Object) return null;
        var settings = type.Properties.ToDictionary(property => property.Name);
        var isStrict = (type.UnmappedMemberHandling ?? type.Options.UnmappedMemberHandling)
            == JsonUnmappedMemberHandling.Disallow;
        foreach (var given in found.EnumerateObject())
        {
            if (settings.TryGetValue(given.Name, out var setting))
            {
                if (Misfit(given.Value, type.Options.GetTypeInfo(setting.PropertyType)) is { } inner) return inner;
            }
            else if (isStrict)
                return $"there is no setting '{given.Name}'{Spelling.Hint(settings.Keys, given.Name)}";
        }
        return settings.Values.FirstOrDefault(s => s.IsRequired && !found.TryGetProperty(s.Name, out _)) is { } missing
            ? $"the setting '{missing.Name}' is missing"
            : null;
    }

    private static string Line(JsonException e) => $"line {(e.LineNumber ?? 0) + 1}";

    // "… Path: $.x | LineNumber: 3 | BytePositionInLine: 9." repeats what is said before.
    private static string Sentence(JsonException e)
    {
        var at = e.Message.IndexOf(" Path: ", StringComparison.Ordinal);
        if (at < 0) at = e.Message.IndexOf(" LineNumber: ", StringComparison.Ordinal);
        return (at > 0 ? e.Message[..at] : e.Message).TrimEnd('.');
    }
}
