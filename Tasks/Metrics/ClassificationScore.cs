using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Collects what a classifier got right, batch by batch. Classes of equal score are ranked by number, the
/// smallest first.</summary>
/// <param name="classNames">Names of the classes, label 0 first.</param>
public sealed class ClassificationScore(IReadOnlyList<string> classNames)
{
    private const int Few = 5;

    private long pictures;
    private long amongFew;

    /// <summary>Which class was taken for which.</summary>
    public ConfusionMatrix Confusion { get; } = new(classNames);

    /// <summary>Pictures whose class had the highest score.</summary>
    public Proportion Top1 => Confusion.Accuracy;

    /// <summary>Pictures whose class was among the five highest scores.</summary>
    public Proportion Top5 => new(amongFew, pictures);

    /// <summary>Notes a batch.</summary>
    /// <param name="scores">Float32 or float64 [N, classes]; logits or probabilities, only their order counts.</param>
    /// <param name="labels">Int64 [N], 0 … classes-1.</param>
    /// <exception cref="ShapeException">The shapes do not fit each other or the number of classes.</exception>
    /// <exception cref="DiffractException">A score is NaN, or a label is not a class.</exception>
    public void Add(Tensor scores, Tensor labels)
    {
        var classes = Confusion.Classes;
        if (scores.Rank != 2 || scores.Shape[1] != classes || labels.Rank != 1 || labels.Shape[0] != scores.Shape[0])
            throw new ShapeException($"scores [N, {classes}] and labels [N] are expected, found {scores.Shape} and "
                + $"{labels.Shape}");
        var values = scores.DType == DType.Float64
            ? scores.ToArray<double>()
            : Array.ConvertAll(scores.ToArray<float>(), value => (double)value);
        var truths = labels.ToArray<long>();
        for (var i = 0; i < truths.Length; i++) Add(values.AsSpan(i * classes, classes), truths[i]);
    }

    private void Add(ReadOnlySpan<double> scores, long label)
    {
        if (label < 0 || label >= scores.Length)
            throw new DiffractException($"labels go from 0 to {scores.Length - 1}, found {label}");
        var (best, better, truth) = (0, 0, scores[(int)label]);
        for (var k = 0; k < scores.Length; k++)
        {
            if (double.IsNaN(scores[k]))
                throw new DiffractException($"the score of class '{Confusion.ClassNames[k]}' is NaN: the network or "
                    + "its input is broken");
            if (scores[k] > scores[best]) best = k;
            if (scores[k] > truth || (scores[k] == truth && k < label)) better++;
        }
        Confusion.Add((int)label, best);
        pictures++;
        if (better < Few) amongFew++;
    }
}
