namespace Diffract.Tasks;

/// <summary>What a list says of one picture.</summary>
/// <param name="Place">Where.</param>
/// <param name="Path">The picture's path.</param>
/// <param name="Label">Name or number of its class; null where the list has no classes.</param>
/// <param name="Part">Its part; null where the list has no parts.</param>
internal sealed record ListRow(AnnotationPlace Place, string Path, string? Label, ListPart? Part);
