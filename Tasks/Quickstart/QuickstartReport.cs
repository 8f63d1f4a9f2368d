using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>The quickstart's findings as a table, a map, sheets of pictures and a page.</summary>
public static class QuickstartReport
{
    /// <summary>One row of the table.</summary>
    /// <param name="Representation">What heads read.</param>
    /// <param name="Head">Which head.</param>
    /// <param name="Accuracy">Top-1 of all seeds' test images together.</param>
    /// <param name="Mean">Mean over seeds, percent.</param>
    /// <param name="Deviation">Standard deviation over seeds, percent; NaN for a single seed.</param>
    /// <param name="Chosen">Timestep, block, pooling and rate of every seed.</param>
    public sealed record Row(string Representation, string Head, Proportion Accuracy, double Mean, double Deviation,
        string Chosen);

    /// <summary>The table, worst representation first, linear before attention.</summary>
    public static IReadOnlyList<Row> Rows(QuickstartResult result) =>
        [.. result.Heads.GroupBy(h => (h.Representation, h.Head)).Select(group =>
        {
            var shares = group.Select(h => 100 * h.Test.Value).ToArray();
            return new Row(group.Key.Representation, group.Key.Head,
                group.Aggregate(default(Proportion), (sum, h) => sum + h.Test), shares.Average(),
                Spread.Deviation(shares), string.Join("; ", group.Select(Chosen)));
        })];

    /// <summary>The table as text.</summary>
    public static IEnumerable<string> Lines(QuickstartResult result)
    {
        yield return $"{"features",-18} {"head",-10} {"top-1 (95 %)",-32} chosen on validation images";
        foreach (var row in Rows(result))
        {
            var spread = double.IsNaN(row.Deviation) ? "" : $", {row.Mean:0.0} +- {row.Deviation:0.0} over seeds";
            yield return $"{row.Representation,-18} {row.Head,-10} {row.Accuracy + spread,-32} {row.Chosen}";
        }
    }

    /// <summary>Writes pictures and page into the run folder.</summary>
    public static void Write(RunFolder run, QuickstartRecipe recipe, QuickstartResult result, DiffusionNetwork network,
        ImageDataset test, IRunProgress progress, CancellationToken cancellation)
    {
        var map = Map(result.Grid);
        map.Save(run.At("accuracy-map.svg"));
        var denoised = Denoised(network, test, recipe.Timesteps);
        PngWriter.Save(run.At("denoised.png"), denoised);
        var samples = SampleSheet.Draw(network.Network, network.Recipe, network.Network.Config.ImageSize, 36,
            recipe.Seeds[0], progress, cancellation);
        PngWriter.Save(run.At("samples.png"), samples);
        var rows = Rows(result);
        var report = new HtmlReport("Diffract quickstart: what a diffusion U-Net knows of clothes");
        report.Paragraph($"Heads learn to name Fashion-MNIST's ten classes from {recipe.LabelsPerClass} labelled "
            + "images of each. They read raw pixels, the features of an untrained U-Net, or those of a U-Net that was "
            + "pretrained to denoise other images without labels. Timestep, block, pooling and learning rate were "
            + $"chosen on {recipe.ValidationPerClass} other images of each class; the test images were scored once.");
        report.Plot(AccuracyPlot.Draw("Top-1 on test images",
            [.. rows.Select(r => new AccuracyBar($"{r.Representation}, {r.Head}", r.Accuracy))], 0.1));
        report.Table(["features", "head", "top-1", "mean over seeds", "chosen"],
            [.. rows.Select(r => (IReadOnlyList<string>)[r.Representation, r.Head, $"{r.Accuracy}",
                double.IsNaN(r.Deviation) ? "one seed" : $"{r.Mean:0.0} +- {r.Deviation:0.0} %", r.Chosen])],
            $"{recipe.TestImages} official test images, seeds {string.Join(", ", recipe.Seeds)}");
        report.Heading("Where the knowledge sits").Plot(map,
            "Linear heads on validation images, best pooling, by block and timestep of the pretrained network.");
        report.Heading("Denoising").Picture(denoised, "From the left: the image; then, for timesteps "
            + string.Join(", ", recipe.Timesteps)
            + ", the noised image and what the network takes the clean one to be.");
        report.Heading("Samples").Picture(samples, $"Generated from noise, in {SampleSheet.Steps} steps.");
        report.Save(run.ReportPath);
    }

    private static string Chosen(HeadChoice choice) => choice.Representation == "raw pixels"
        ? $"{choice.Point.Pool}x{choice.Point.Pool}, lr {choice.LearningRate:g}"
        : $"t {choice.Point.Timestep}, block {choice.Point.Block}, {choice.Point.Pool}x{choice.Point.Pool}, lr "
            + $"{choice.LearningRate:g}";

    private static Plot Map(IReadOnlyList<GridPoint> grid) => BlockTimestepPlot.Draw(
        "Accuracy by block and timestep", "top-1, percent",
        [.. grid.Select(p => (p.Timestep, p.Block, 100 * p.Validation))]);

    private static Image Denoised(DiffusionNetwork network, ImageDataset test, IReadOnlyList<int> timesteps)
    {
        const int shown = 8;
        using var no = GradMode.No();
        using var scope = Scope.Open();
        var process = network.Recipe.Make();
        var loader = new Loader(DataSource.Range(test, 0, shown),
            LoaderOptions.Evaluation(network.Network.Config.ImageSize, shown));
        using var batch = loader.Epoch().First();
        var images = batch.Images.To(network.Network.Device);
        var columns = new List<IReadOnlyList<Image>> { SampleSheet.Images(images) };
        foreach (var t in timesteps)
        {
            int[] steps = [.. Enumerable.Repeat(t, shown)];
            long[] ids = [.. Enumerable.Range(0, shown)];
            var noise = new NoiseSource(0).For(ids, t, images.Shape[1..], images.Device);
            var x = process.QSample(images, steps, noise);
            columns.Add(SampleSheet.Images(x));
            columns.Add(SampleSheet.Images(process.Predict(network.Network.AsDenoiser(), x, steps).Start));
        }
        return ContactSheet.Make([.. Enumerable.Range(0, shown).SelectMany(i => columns.Select(c => c[i]))],
            columns.Count, zoom: 2);
    }
}
