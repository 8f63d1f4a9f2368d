using System.Globalization;

namespace Diffract.Tasks;

/// <summary>A comparison of generated images with real ones for people.</summary>
public static class GenerationReport
{
    // Small pictures are drawn as large as they can be seen, large ones no larger than is needed to see a copy.
    private const int Smallest = 64, Largest = 128;

    /// <summary>Lines for a terminal, with a header.</summary>
    public static IEnumerable<string> Lines(GenerationResult result) =>
        Columns.Align([["", "generated", "other real images"], .. Rows(result)]);

    /// <summary>The drawn images, each with the real ones nearest to it.</summary>
    /// <param name="result">Which.</param>
    /// <param name="real">The real images.</param>
    /// <param name="generated">The generated images.</param>
    /// <param name="side">Side of the squares that were compared, pixels.</param>
    public static Image Draw(GenerationResult result, ImageDataset real, ImageDataset generated, int side)
    {
        var (reals, others) = (Places(real), Places(generated));
        return LabelledSheet.Make(["generated", .. Enumerable.Range(1, result.K).Select(i => $"real {i}")],
            [.. result.Nearest.Select(row => (row.IsClosest ? "closest" : "spread", (Image[])
                [Shown(generated.Load(others[row.Image]), side),
                    .. row.Near.Select(near => Shown(real.Load(reals[near.Image]), side))]))],
            Math.Max(1, result.Nearest.Count(row => row.IsClosest)));
    }

    /// <summary>Writes <c>result.json</c>, <c>report.html</c> and, where there are images, <c>neighbours.png</c> into
    /// the run folder.</summary>
    /// <param name="run">The run folder.</param>
    /// <param name="recipe">What was asked for.</param>
    /// <param name="result">What was found.</param>
    /// <param name="neighbours">See <see cref="Draw"/>; null where there are only features.</param>
    public static void Write(RunFolder run, GenerationRecipe recipe, GenerationResult result, Image? neighbours)
    {
        RecipeFile.Save(run.At("result.json"), result, GenerationResult.Json);
        var report = new HtmlReport($"Generated images: {run.Name}");
        report.Facts(
        [
            ("real images", recipe.Real.Path),
            ("generated images", recipe.Generated.Path),
            ("features", $"{result.Features} of {result.Network}"),
        ]);
        report.Heading("How close").Table(["", "generated", "other real images"], [.. Rows(result)],
            "The last column is what generated images would get if they were as good as real ones. Intervals are 95 % "
            + "after Wilson (1927); ± is the standard deviation over subsets.");
        foreach (var note in result.Notes()) report.Paragraph($"Note: {note}.");
        report.Heading("Nearest real images");
        if (neighbours is not null)
        {
            PngWriter.Save(run.At("neighbours.png"), neighbours);
            report.Picture(neighbours, "Generated images and the real ones whose features are nearest. Above, those "
                + "that are closest to a real image: a copy would be among them. Below others, evenly spread.");
        }
        report.Table(["generated image", "chosen as", "nearest real image", "distance"],
            [.. result.Nearest.Select(row => (string[])[row.Image, row.IsClosest ? "closest" : "spread",
                row.Near[0].Image, Number(row.Near[0].Distance)])],
            $"The median over all generated images is {Number(result.Generated.Nearest)}, and "
            + $"{Number(result.Baseline.Nearest)} from real image to other real image.");
        report.Save(run.ReportPath);
    }

    private static IEnumerable<string[]> Rows(GenerationResult result)
    {
        string[] Row(string name, Func<GenerationScore, string> value) =>
            [name, value(result.Generated), value(result.Baseline)];
        yield return Row("images", s => $"{s.Images} with {s.Real} real");
        yield return Row(result.IsFid ? "FID" : $"Frechet distance on {result.Network}", s => Number(s.Frechet));
        yield return Row($"kernel distance{(result.IsFid ? " (KID)" : "")}",
            s => $"{Number(s.Kernel.Mean)} ± {Number(s.Kernel.Deviation)}");
        yield return Row("  subsets", s => $"{s.Kernel.Subsets} of {s.Kernel.Size}");
        yield return Row($"precision, k {result.K}", s => $"{s.Precision}");
        yield return Row($"recall, k {result.K}", s => $"{s.Recall}");
        yield return Row("distance of the nearest real image, median", s => Number(s.Nearest));
    }

    private static string Number(double value) => value.ToString(
        Math.Abs(value) >= 1000 ? "0" : "g4", CultureInfo.InvariantCulture);

    // A list may name an image twice.
    private static Dictionary<string, int> Places(ImageDataset data)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < data.Count; i++) places.TryAdd(data.Id(i), i);
        return places;
    }

    private static Image Shown(Image image, int side)
    {
        var square = Crops.Center(image, Math.Min(side, Largest));
        var large = square.Width * Math.Max(1, Smallest / square.Width);
        return large == square.Width ? square : FeatureColours.Enlarged(square, large, large);
    }
}
