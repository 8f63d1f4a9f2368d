namespace Diffract.Tasks;

/// <summary>How often pictures of each class were taken for each class.</summary>
/// <param name="classNames">Names of the classes, label 0 first.</param>
public sealed class ConfusionMatrix(IReadOnlyList<string> classNames)
{
    private readonly long[,] counts = new long[classNames.Count, classNames.Count];

    /// <summary>Names of the classes, label 0 first.</summary>
    public IReadOnlyList<string> ClassNames => classNames;

    /// <summary>Number of classes.</summary>
    public int Classes => classNames.Count;

    /// <summary>Number of pictures of class <paramref name="label"/> that were taken for
    /// <paramref name="predicted"/>.</summary>
    public long this[int label, int predicted] => counts[label, predicted];

    /// <summary>Number of pictures.</summary>
    public long Total => counts.Cast<long>().Sum();

    /// <summary>Pictures of all classes that were recognised.</summary>
    public Proportion Accuracy => new(Enumerable.Range(0, Classes).Sum(label => counts[label, label]), Total);

    /// <summary>Pictures of every class that were recognised, label 0 first.</summary>
    public IReadOnlyList<Proportion> PerClass =>
        [.. Enumerable.Range(0, Classes).Select(label => new Proportion(counts[label, label], RowTotal(label)))];

    /// <summary>Mean over the classes that occur of the share recognised; NaN when none does.</summary>
    public double MeanPerClass => PerClass.Where(share => share.Trials > 0).Select(share => share.Value)
        .DefaultIfEmpty(double.NaN).Average();

    /// <summary>Number of pictures of a class.</summary>
    public long RowTotal(int label) => Enumerable.Range(0, Classes).Sum(predicted => counts[label, predicted]);

    /// <summary>Notes one picture.</summary>
    public void Add(int label, int predicted) => counts[label, predicted]++;

    /// <summary>Adds the counts of another matrix of the same classes.</summary>
    public void Add(ConfusionMatrix other)
    {
        if (other.Classes != Classes)
            throw new ArgumentException($"{other.Classes} classes do not fit {Classes}", nameof(other));
        for (var label = 0; label < Classes; label++)
            for (var predicted = 0; predicted < Classes; predicted++)
                counts[label, predicted] += other.counts[label, predicted];
    }
}
