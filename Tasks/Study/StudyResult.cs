namespace Diffract.Tasks;

/// <summary>How one training of a study did.</summary>
/// <param name="Method">Word of the method.</param>
/// <param name="Labels">Images whose labels it used.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="LearningRate">Of its first epoch.</param>
/// <param name="Validation">Top-1 on the held-out images, 0 to 1; null where there were none.</param>
/// <param name="Right">Test images it named rightly.</param>
/// <param name="Images">Test images.</param>
/// <param name="Parameters">Numbers that were trained.</param>
/// <param name="MacsPerImage">Multiply-adds of a step for one image; null when it was resumed after its last step.
/// </param>
public sealed record StudyScore(string Method, int Labels, ulong Seed, double LearningRate, double? Validation,
    long Right, long Images, long Parameters, long? MacsPerImage)
{
    /// <summary>Top-1 on the test images, 0 to 1.</summary>
    public double Accuracy => (double)Right / Images;
}

/// <summary>What a study has found so far. Only this is needed to go on: the folders of its parts may be removed.
/// </summary>
/// <param name="Choice">Timesteps and blocks that heads read; null before the sweep's end.</param>
/// <param name="Sweep">The sweep; null before its end.</param>
/// <param name="Neighbours">Scores of nearest neighbours; null before.</param>
/// <param name="BlockSimilarity">CKA of blocks at the timestep; null before.</param>
/// <param name="TimestepSimilarity">CKA of timesteps at the block; null before.</param>
/// <param name="Scores">Trainings that were scored.</param>
public sealed record StudyResult(StudyChoice? Choice, SweepResult? Sweep, KnnResult? Neighbours,
    CkaResult? BlockSimilarity, CkaResult? TimestepSimilarity, IReadOnlyList<StudyScore> Scores)
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<StudyResult> Json =>
        StudyJson.Default.StudyResult;

    /// <summary>How long it has calculated, in all its starts; 0 where nobody looked at the clock. What a killed one
    /// did since it last saved is not in it.</summary>
    public double Seconds { get; init; }

    /// <summary>Nothing yet.</summary>
    public static StudyResult None { get; } = new(null, null, null, null, null, []);

    /// <summary>The score of a training; null before.</summary>
    public StudyScore? Find(StudyCell cell) =>
        Scores.FirstOrDefault(s => s.Method == cell.Method.Name && s.Labels == cell.Labels && s.Seed == cell.Seed);
}
