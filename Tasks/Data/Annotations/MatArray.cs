namespace Diffract.Tasks;

/// <summary>A MATLAB array, in MATLAB's order (columns first). Which of its members says something depends on its kind;
/// kinds that annotation files do not use (sparse, objects, functions) have nothing in any.</summary>
internal sealed record MatArray
{
    /// <summary>Elements of a numeric array.</summary>
    public IReadOnlyList<double> Numbers { get; init; } = [];

    /// <summary>A row of characters; null for other kinds.</summary>
    public string? Text { get; init; }

    /// <summary>Elements of a cell array.</summary>
    public IReadOnlyList<MatArray> Cells { get; init; } = [];

    /// <summary>The fields of a struct array: for each the values of all elements.</summary>
    public IReadOnlyDictionary<string, MatArray[]> Fields { get; init; } = new Dictionary<string, MatArray[]>();

    /// <summary>The only number of an array; null when it is no number, or many.</summary>
    public double? Number => Numbers is [var only] ? only : null;
}
