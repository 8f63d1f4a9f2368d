using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>The variables of a MATLAB file of level 5, as annotations of image data sets are published.</summary>
internal sealed class MatFile
{
    private readonly Dictionary<string, MatArray> variables;

    private MatFile(string path, Dictionary<string, MatArray> variables) =>
        (Path, this.variables) = (path, variables);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="DatasetException">It is missing or cannot be read.</exception>
    /// <exception cref="FileFormatException">It is damaged or of another kind.</exception>
    public static MatFile Read(string path) => new(path, MatReader.Variables(path, AnnotationFile.Bytes(path)));

    /// <summary>A numeric variable.</summary>
    public IReadOnlyList<int> Integers(string name) =>
        [.. Find(name).Numbers.Select((number, i) => Integer(new(Path, i + 1, $"{name}, entry"), number))];

    /// <summary>A variable that is a cell array of texts.</summary>
    public IReadOnlyList<string> Texts(string name) =>
        [.. Find(name).Cells.Select((cell, i) => Text(new(Path, i + 1, $"{name}, entry"), cell))];

    /// <summary>A text in every element of a struct array.</summary>
    public IReadOnlyList<string> Texts(string name, string field) =>
        [.. Column(name, field).Select((value, i) => Text(new(Path, i + 1, $"{name}.{field}, entry"), value))];

    /// <summary>A whole number in every element of a struct array.</summary>
    public IReadOnlyList<int> Integers(string name, string field) => [.. Column(name, field)
        .Select((value, i) => Integer(new(Path, i + 1, $"{name}.{field}, entry"), value.Number))];

    /// <summary>Whether there is a struct array with such a field.</summary>
    public bool Has(string name, string field) =>
        variables.TryGetValue(name, out var found) && found.Fields.ContainsKey(field);

    private MatArray[] Column(string name, string field) => Find(name).Fields.TryGetValue(field, out var values)
        ? values
        : throw new DatasetException($"{Path}: {name} is no struct array with a field '{field}'");

    private MatArray Find(string name) => variables.TryGetValue(name, out var found)
        ? found
        : throw new DatasetException($"{Path}: there is no variable '{name}'; there are "
            + string.Join(", ", variables.Keys.Order(StringComparer.Ordinal)));

    private static int Integer(AnnotationPlace place, double? value) =>
        value is { } number && number == Math.Floor(number) && Math.Abs(number) < int.MaxValue
            ? (int)number
            : throw place.Fault(value is null ? "a whole number is expected" : $"found {value}, no whole number");

    private static string Text(AnnotationPlace place, MatArray value) =>
        value.Text ?? throw place.Fault("a text is expected");
}
