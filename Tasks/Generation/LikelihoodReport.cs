using System.Globalization;

namespace Diffract.Tasks;

/// <summary>How likely a network finds images, for people.</summary>
public static class LikelihoodReport
{
    private const int Named = 8;

    /// <summary>Lines for a terminal.</summary>
    public static IEnumerable<string> Lines(LikelihoodResult result) =>
    [
        $"{Bits(result.Bits)} ± {Bits(result.Error)} bits per dimension, mean and standard error of "
            + $"{result.Images.Count} images",
        .. Columns.Align([.. result.Parts().Select(part => (string[])[$"  {part.Name}", Bits(part.Bits)])], 1),
    ];

    /// <summary>Writes <c>result.json</c>, <c>bits.svg</c>, <c>mse.svg</c> and <c>report.html</c> into the run folder.
    /// </summary>
    /// <param name="run">The run folder.</param>
    /// <param name="recipe">What was asked for.</param>
    /// <param name="result">What was found.</param>
    public static void Write(RunFolder run, LikelihoodRecipe recipe, LikelihoodResult result)
    {
        RecipeFile.Save(run.At("result.json"), result, LikelihoodResult.Json);
        double[] steps = [.. Enumerable.Range(0, result.Terms.Count).Select(t => (double)t)];
        var bits = CurvePlot.Draw("Bits per dimension of each timestep", "timestep", "bits per dimension",
            [new Curve("bits", steps, result.Terms)], logY: true);
        bits.Save(run.At("bits.svg"));
        var mse = CurvePlot.Draw("Error of the predicted noise", "timestep", "mean squared error",
            [new Curve("error", steps, result.Mse)], logY: true);
        mse.Save(run.At("mse.svg"));
        var report = new HtmlReport($"Likelihood: {run.Name}");
        report.Facts(
        [
            ("bits per dimension", $"{Bits(result.Bits)} ± {Bits(result.Error)} (standard error)"),
            ("images", $"{result.Images.Count} of {recipe.Data}"),
            ("network", recipe.Network),
            ("noise", $"one draw for each image and timestep, seed {recipe.Seed}"),
        ]);
        report.Paragraph("An upper bound on the negative log likelihood of an image's bytes, divided by their number: "
            + "what an ideal coder that has the network needs for each.");
        report.Table(["part", "bits per dimension"], [.. result.Parts().Select(part => (string[])
            [part.Name, Bits(part.Bits)])]);
        report.Plot(bits, "The sum of the curve is the bound but for the prior.");
        report.Plot(mse, "Of noise of variance 1, so 1 is the error of one who knows nothing.");
        var sorted = result.Images.OrderBy(image => image.Bits).ToArray();
        report.Heading("Images").Table(["image", "bits per dimension"],
            [.. sorted.Take(Named).Concat(sorted.Skip(Math.Max(Named, sorted.Length - Named)))
                .Select(image => (string[])[image.Image, Bits(image.Bits)])],
            $"The {Math.Min(Named, sorted.Length)} likeliest, and the unlikeliest; all are in result.json");
        report.Save(run.ReportPath);
    }

    private static string Bits(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}
