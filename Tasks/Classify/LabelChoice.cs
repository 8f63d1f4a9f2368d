using System.Globalization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Which images have labels that training may use: learning from few labels.</summary>
public static class LabelChoice
{
    /// <summary>Positions of the images, ascending. They are the same for images and for features of them.</summary>
    /// <param name="source">Labelled images.</param>
    /// <param name="choice">A share (<c>0.01</c>, <c>10%</c>) or a number of images from 2 on (<c>500</c>), balanced
    /// over the classes (<see cref="Split.Balanced"/>); or a text file with the name of an image on each line
    /// (<see cref="Split.FromList"/>); null for all.</param>
    /// <param name="seed">Of a share or number. A smaller one with the same seed is a part of a larger one.</param>
    /// <exception cref="DiffractException">It is none of these, there are not so many images, or the file names one
    /// that is not there.</exception>
    public static IReadOnlyList<int> Items(IFeatureSource source, string? choice, ulong seed)
    {
        if (choice is null) return [.. Enumerable.Range(0, source.Count)];
        if (Share(choice) is { } share) return Split.Fraction(new Names(source), share, seed).Indices;
        if (int.TryParse(choice, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 1)
            return Split.Balanced(new Names(source), count, seed).Indices;
        if (File.Exists(choice)) return Split.FromList(new Names(source), choice).Indices;
        throw new DiffractException($"--labels takes a share of the images (0.01, or 1%), their number (500) or a file "
            + $"that lists them, found '{choice}'");
    }

    private static double? Share(string text)
    {
        var isPercent = text.EndsWith('%');
        return double.TryParse(isPercent ? text[..^1] : text, NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture, out var number)
            && number / (isPercent ? 100 : 1) is > 0 and <= 1 and var share ? share : null;
    }

    // What can be said of images without reading them.
    private sealed class Names(IFeatureSource source) : ImageDataset
    {
        public override int Count => source.Count;

        public override IReadOnlyList<string> ClassNames => source.Classes;

        public override int Label(int index) => source.Label(index);

        public override string Id(int index) => source.Id(index);

        public override Image Load(int index) => throw new NotSupportedException("these images have names only");
    }
}
