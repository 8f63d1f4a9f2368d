using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>How well regions of classes are found: intersection over union, summed over the pixels of all pictures.
/// Pixels whose true class is the ignored label count for nothing.</summary>
/// <param name="classes">Number of classes.</param>
/// <param name="ignore">The label of pixels that are left out.</param>
public sealed class MeanIou(int classes, long ignore = 255)
{
    private readonly long[] both = new long[classes], found = new long[classes], wanted = new long[classes];

    /// <summary>Pixels of each class that were found as such.</summary>
    public IReadOnlyList<long> Intersections => both;

    /// <summary>Pixels of each class or found as it.</summary>
    public IReadOnlyList<long> Unions => [.. both.Select((shared, k) => found[k] + wanted[k] - shared)];

    /// <summary>Intersection over union of each class; NaN for one that neither occurs nor was found.</summary>
    public IReadOnlyList<double> PerClass => [.. Unions.Select((union, k) => (double)both[k] / union)];

    /// <summary>The mean over the classes that occur or were found; NaN without any.</summary>
    public double Mean => PerClass.Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();

    /// <summary>Counts pictures.</summary>
    /// <param name="answers">Class found for each pixel, Int64 of any shape.</param>
    /// <param name="truths">True class of each pixel, or the ignored label, Int64 of the same shape.</param>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="DiffractException">A pixel that counts has no class; nothing is counted then.</exception>
    public void Add(Tensor answers, Tensor truths)
    {
        if (answers.Shape != truths.Shape)
            throw new ShapeException($"answers {answers.Shape} and true classes {truths.Shape} differ");
        var pairs = answers.ToArray<long>().Zip(truths.ToArray<long>()).Where(pair => pair.Second != ignore).ToArray();
        foreach (var (answer, truth) in pairs)
            if (answer < 0 || answer >= classes || truth < 0 || truth >= classes)
                throw new DiffractException($"classes go from 0 to {classes - 1}, found {answer} and {truth}");
        foreach (var (answer, truth) in pairs)
        {
            found[answer]++;
            wanted[truth]++;
            if (answer == truth) both[truth]++;
        }
    }
}
