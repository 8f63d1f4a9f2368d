using System.Text.Json;

namespace Diffract.Tasks;

/// <summary>The settings of a fixture. What a runner reads is noted, so that a failing case can name the settings that
/// nobody looked at.</summary>
internal sealed class Meta
{
    private readonly JsonElement element;
    private readonly string path;
    private readonly HashSet<string> read = new(StringComparer.Ordinal);

    public Meta(JsonElement element, string path = "meta")
    {
        (this.element, this.path) = (element, path);
        if (element.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined))
            throw new VerifyException($"{path} is not a JSON object");
    }

    /// <summary>Names of the settings, in the file's order.</summary>
    public IEnumerable<string> Names => element.ValueKind == JsonValueKind.Object
        ? element.EnumerateObject().Select(p => p.Name)
        : [];

    /// <summary>Settings that no runner has read.</summary>
    public IReadOnlyList<string> Unread => [.. Names.Where(name => !read.Contains(name))];

    /// <summary>True when the setting is there and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    public int Int(string name, int? otherwise = null) => Value(name, otherwise, static e =>
        e.ValueKind == JsonValueKind.String ? int.Parse(e.GetString()!) : e.GetInt32());

    public double Number(string name, double? otherwise = null) => Value(name, otherwise, AsNumber);

    public bool Flag(string name, bool? otherwise = null) => Value(name, otherwise, static e => e.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw new FormatException("true or false"),
    });

    public string Text(string name, string? otherwise = null) => Find(name) is { } e
        ? Checked(name, e, static e => e.ValueKind == JsonValueKind.String
            ? e.GetString()!
            : throw new FormatException("a text"))
        : otherwise ?? throw Missing(name);

    /// <summary>One number for both axes, or [height, width].</summary>
    public (int H, int W) Pair(string name, int? otherwise = null) =>
        Value(name, otherwise is { } both ? (both, both) : null, static e =>
        {
            var values = e.ValueKind == JsonValueKind.Array ? Integers(e) : [e.GetInt32()];
            return values.Length switch
            {
                1 => (values[0], values[0]),
                2 => (values[0], values[1]),
                _ => throw new FormatException("a number or [height, width]"),
            };
        });

    public int[] Ints(string name) => Checked(name, Find(name) ?? throw Missing(name), Integers);

    public double[] Numbers(string name) => Checked(name, Find(name) ?? throw Missing(name),
        static e => (double[])[.. e.EnumerateArray().Select(AsNumber)]);

    public bool IsText(string name) => Find(name) is { ValueKind: JsonValueKind.String };

    /// <summary>A list of lists of whole numbers, such as shapes.</summary>
    public IReadOnlyList<long[]> Lists(string name) => Checked(name, Find(name) ?? throw Missing(name),
        static e => (IReadOnlyList<long[]>)[.. e.EnumerateArray().Select(l => (long[])[.. l.EnumerateArray()
            .Select(v => v.GetInt64())])]);

    public Meta Object(string name) => new(Find(name) ?? throw Missing(name), $"{path}.{name}");

    /// <summary>Refuses a setting of another value than the one that is available.</summary>
    public void Only(string name, bool value)
    {
        if (Flag(name, value) != value) throw new VerifyException($"{path}.{name} is not available here");
    }

    /// <inheritdoc cref="Only(string, bool)"/>
    public void Only(string name, int value)
    {
        if (Pair(name, value) != (value, value)) throw new VerifyException($"{path}.{name} is not available here");
    }

    private JsonElement? Find(string name)
    {
        read.Add(name);
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var found)
            && found.ValueKind != JsonValueKind.Null ? found : null;
    }

    private T Value<T>(string name, T? otherwise, Func<JsonElement, T> convert) where T : struct =>
        Find(name) is { } found ? Checked(name, found, convert) : otherwise ?? throw Missing(name);

    private T Checked<T>(string name, JsonElement found, Func<JsonElement, T> convert)
    {
        try
        {
            return convert(found);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            throw new VerifyException($"{path}.{name} is {found.GetRawText()}, which cannot be read: {e.Message}", e);
        }
    }

    private VerifyException Missing(string name) => new($"{path} lacks {name}");

    private static double AsNumber(JsonElement e) => e.ValueKind == JsonValueKind.Number
        ? e.GetDouble()
        : throw new FormatException("a number");

    private static int[] Integers(JsonElement e) => [.. e.EnumerateArray().Select(v => v.GetInt32())];
}
