namespace Diffract.Tasks;

/// <summary>Pictures of features for people.</summary>
public static class MapsReport
{
    /// <summary>Writes <c>maps.png</c>, <c>attention.png</c>, <c>result.json</c> and <c>report.html</c>.</summary>
    /// <param name="run">The run folder.</param>
    /// <param name="recipe">What was asked for.</param>
    /// <param name="result">What is in the sheet.</param>
    /// <param name="sheet">Features as colours.</param>
    /// <param name="attention">What a head looks at; null for no head.</param>
    public static void Write(RunFolder run, MapsRecipe recipe, MapsResult result, Image sheet, Image? attention)
    {
        RecipeFile.Save(run.At("result.json"), result, MapsResult.Json);
        PngWriter.Save(run.At("maps.png"), sheet);
        var report = new HtmlReport($"Features of {Path.GetFileName(recipe.Features.Network)}");
        report.Heading("Features").Picture(sheet, "The three principal components of each block's features over all "
            + "places of all these images, as red, green and blue. Colours mean the same in all images, but not in "
            + "another block or timestep."
            + (result.Cells.Any(c => c.IsFirstPass) ? " Blocks named first are of the pass before feedback." : ""));
        if (attention is not null)
        {
            PngWriter.Save(run.At("attention.png"), attention);
            report.Heading("Attention").Picture(attention, $"Where the class token of {recipe.Head} looks in its last "
                + "layer: bright is much. Each picture has a scale of its own.");
        }
        report.Heading("Images").Table(["row", "image"],
            [.. result.Images.Select((image, i) => (IReadOnlyList<string>)[$"{i + 1}", image])]);
        report.Table(["timestep", "block", "red", "green", "blue"], [.. result.Cells.Select(c => (string[])
            [$"{c.Timestep}", c.Name, .. c.Shares.Select(s => $"{100 * s:0} %")])],
            "Share of the features' variance that the picture shows");
        report.Save(run.ReportPath);
    }
}
