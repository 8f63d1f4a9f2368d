namespace Diffract.Tasks;

/// <summary>Logits and true classes of some images.</summary>
/// <param name="classes">Number of logits an image.</param>
public sealed class Predictions(int classes)
{
    private readonly List<int> items = [];
    private readonly List<long> labels = [];
    private readonly List<float> logits = [];

    /// <summary>Number of images.</summary>
    public int Count => items.Count;

    /// <summary>Number of classes.</summary>
    public int Classes => classes;

    /// <summary>Positions of the images in their source.</summary>
    public IReadOnlyList<int> Items => items;

    /// <summary>True classes.</summary>
    public IReadOnlyList<long> Labels => labels;

    /// <summary>Logits of an image.</summary>
    public ReadOnlySpan<float> Logits(int image) =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(logits).Slice(image * classes, classes);

    /// <summary>Adds a batch.</summary>
    public void Add(IReadOnlyList<int> images, ReadOnlySpan<long> truth, ReadOnlySpan<float> values)
    {
        items.AddRange(images);
        foreach (var label in truth) labels.Add(label);
        foreach (var value in values) logits.Add(value);
    }

    /// <summary>The most likely class of an image; the first of equals.</summary>
    public int Top(int image)
    {
        var row = Logits(image);
        var best = 0;
        for (var k = 1; k < row.Length; k++) if (row[k] > row[best]) best = k;
        return best;
    }

    /// <summary>Share of images whose class is the most likely one.</summary>
    public double Accuracy()
    {
        var right = 0;
        for (var i = 0; i < Count; i++) if (Top(i) == labels[i]) right++;
        return right / (double)Math.Max(1, Count);
    }

    /// <summary>Mean cross-entropy.</summary>
    public double Loss()
    {
        double sum = 0;
        for (var i = 0; i < Count; i++)
        {
            var row = Logits(i);
            double max = row[Top(i)], total = 0;
            foreach (var value in row) total += Math.Exp(value - max);
            sum += max + Math.Log(total) - row[(int)labels[i]];
        }
        return sum / Math.Max(1, Count);
    }
}
