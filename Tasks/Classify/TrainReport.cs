namespace Diffract.Tasks;

/// <summary>The training of a head for people.</summary>
public static class TrainReport
{
    /// <summary>Writes the report of a run.</summary>
    public static void Write(RunFolder run, TrainRecipe recipe, IFeatureSource source, TrainResult result)
    {
        var report = new HtmlReport($"Training of {run.Name}");
        report.Facts(
        [
            ("data", recipe.Features ?? recipe.Data ?? ""),
            ("features", $"{source.Spec}, {source.Count} images of {source.Classes.Count} classes"),
            ("noise", source.Origin.Noise),
            ("head", recipe.Head.Description),
            .. recipe.Feedback is { } feedback
                ? [("feedback", $"{feedback.Strategy}, layers {feedback.Layers}")]
                : (ReadOnlySpan<(string, string)>)[],
            ("network", (recipe.Network ?? source.Origin.Network) + (!recipe.FineTune ? ", frozen"
                : recipe.NetworkRate is { } rate ? $", fine-tuned, learning rate {rate:g}" : ", fine-tuned")),
            ("recipe", $"{recipe.Optimiser.Name}: {recipe.Optimiser.Optimiser}, learning rate {result.LearningRate:g}, "
                + $"batch {recipe.Batch}, {recipe.Epochs} epochs, seed {recipe.Seed}"),
            ("labels", recipe.Labels ?? "all"),
            ("a step", result.Cost(source) ?? "all were made before"),
            result.Best.IsValidated
                ? ("best epoch", $"{result.Best.Epoch}: {100 * result.Best.ValidationAccuracy:0.0} % of the held-out "
                    + "images")
                : ("kept epoch", $"{result.Best.Epoch}, the last: no images were held out"),
        ]);
        var epochs = result.Epochs.Select(e => (double)e.Epoch).ToArray();
        var isValidated = result.Best.IsValidated;
        var held = new Curve("held out", epochs, [.. result.Epochs.Select(e => e.ValidationLoss)]);
        var trained = new Curve("training", epochs, [.. result.Epochs.Select(e => e.TrainLoss)]);
        report.Heading("Loss")
            .Plot(CurvePlot.Draw("Cross-entropy", "epoch", "nats", isValidated ? [trained, held] : [trained]));
        if (isValidated)
            report.Heading("Accuracy").Plot(CurvePlot.Draw("Top-1 on the held-out images", "epoch", "percent",
                [held with { Y = [.. result.Epochs.Select(e => 100 * e.ValidationAccuracy)] }], percent: true));
        if (result.Tried.Count > 0)
            report.Heading("Learning rates").Table(["learning rate", "held-out top-1", "held-out loss"],
                [.. result.Tried.Select(t => (IReadOnlyList<string>)[$"{t.LearningRate:g}", $"{100 * t.Accuracy:0.0} %",
                    double.IsFinite(t.Loss) ? $"{t.Loss:0.000}" : "diverged"])],
                $"After {Math.Min(recipe.SearchEpochs, recipe.Epochs)} epochs each");
        report.Save(run.ReportPath);
    }
}
