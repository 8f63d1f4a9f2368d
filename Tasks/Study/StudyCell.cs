namespace Diffract.Tasks;

/// <summary>One training of a study.</summary>
/// <param name="Method">What is trained.</param>
/// <param name="Labels">Images whose labels it may use.</param>
/// <param name="Images">Images that the study learns from where all labels are used.</param>
/// <param name="Seed">Of everything random in it.</param>
public sealed record StudyCell(StudyMethod Method, int Labels, int Images, ulong Seed)
{
    /// <summary>Name of its run folder: <c>diffeed-all-500-labels-seed-1</c>.</summary>
    public string Name => $"{Method.Name}-{Labels}-labels-seed-{Seed}";

    /// <summary>Whether it uses fewer labels than there are.</summary>
    public bool HasFewLabels => Labels < Images;
}
