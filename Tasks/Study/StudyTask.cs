using System.Diagnostics;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Compares methods, numbers of labels and seeds, in a run folder:
/// <code>
/// result.json               what has been found; all that is needed to go on
/// sweep/, knn/, cka-*/      the analyses, each a run folder
/// cells/NAME/               a run folder for each training, as diffract train writes it, with its score
/// untrained.safetensors     the network of the method 'untrained'
/// report.html, *.svg        the comparison so far
/// </code></summary>
/// <param name="run">The folder; what is in it is not done again.</param>
/// <param name="recipe">What to compare.</param>
/// <param name="device">Where to calculate.</param>
public sealed class StudyTask(RunFolder run, StudyRecipe recipe, Device device)
{
    /// <summary>File of what has been found.</summary>
    public string ResultPath => run.At("result.json");

    private string UntrainedPath => run.At("untrained.safetensors");

    /// <summary>What has been found so far.</summary>
    public StudyResult Result => File.Exists(ResultPath)
        ? RecipeFile.Load(ResultPath, StudyResult.Json)
        : StudyResult.None;

    /// <summary>Does everything that is not done yet.</summary>
    /// <param name="progress">Says how far it is.</param>
    /// <param name="cancellation">Stops after the step under way; running again goes on.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="DiffractException">The data do not suit the recipe, or the network is another one.</exception>
    public StudyResult Run(IRunProgress progress, CancellationToken cancellation = default)
    {
        using var hold = run.Hold();
        if (recipe.NetworkSha256.Length > 0 && DiffusionNetwork.Hash(recipe.Network) != recipe.NetworkSha256)
            throw new DiffractException($"{recipe.Network} is not the network that the study began with: its SHA-256 "
                + $"is not {recipe.NetworkSha256[..8]}...");
        var data = recipe.Open();
        if (recipe.ImagesSha256.Length > 0 && StudyRecipe.Hash(data.Train, data.Test) != recipe.ImagesSha256)
            throw new DiffractException($"the images in {recipe.Train} or {recipe.Test} are not those that the study "
                + "began with: some were added, renamed or removed, or changed their class");
        var cells = recipe.Cells(data.Train.Count, data.Train.ClassNames.Count);
        var result = Result;
        var (before, start) = (result, Stopwatch.GetTimestamp());
        StudyResult Timed(StudyResult found) =>
            found with { Seconds = before.Seconds + Stopwatch.GetElapsedTime(start).TotalSeconds };
        try
        {
            foreach (var found in Parts(before, cells, progress, cancellation)) Keep(result = Timed(found));
        }
        catch (OperationCanceledException)
        {
            RecipeFile.Save(ResultPath, Timed(result), StudyResult.Json);
            throw;
        }
        // Where nothing was left to do, from what was found elsewhere or by an earlier version.
        if (result == before) StudyReport.Write(run, recipe, result);
        return result;
    }

    // What has been found after each part that was not done before.
    private IEnumerable<StudyResult> Parts(StudyResult result, IReadOnlyList<StudyCell> cells, IRunProgress progress,
        CancellationToken cancellation)
    {
        var analyses = new StudyAnalyses(run, recipe, device);
        if (result is not { Choice: not null, Sweep: not null })
            yield return result = analyses.Sweep(result, progress, cancellation);
        // What a part would go on from is removed when what it found is kept.
        analyses.TidySweep();
        progress.Say($"chosen by {result.Sweep!.Cells.Count} linear probes: {result.Choice}");
        if (result.Neighbours is null) yield return result = analyses.Neighbours(result, progress, cancellation);
        if (result.BlockSimilarity is null)
            yield return result = analyses.BlockSimilarity(result, progress, cancellation);
        if (result.TimestepSimilarity is null)
            yield return result = analyses.TimestepSimilarity(result, progress, cancellation);
        var test = analyses.Test.Images(labelled: true);
        for (var i = 0; i < cells.Count; i++)
        {
            if (result.Find(cells[i]) is not null)
            {
                Tidy(cells[i]);
                continue;
            }
            if (analyses.FirstFed(cells[i].Method) > result.Choice!.Block)
            {
                progress.Say($"{cells[i].Method.Title} is left out: its feedback enters the network behind block "
                    + $"{result.Choice.Block}, which heads read");
                continue;
            }
            progress.Say($"{i + 1} of {cells.Count}: {cells[i].Method.Title}, {cells[i].Labels} labels, seed "
                + $"{cells[i].Seed}");
            var score = Train(cells[i], cells, result, test, progress, cancellation);
            yield return result = result with { Scores = [.. result.Scores, score] };
            Tidy(cells[i]);
            progress.Say($"{new Proportion(score.Right, score.Images)}");
        }
    }

    private void Keep(StudyResult result)
    {
        RecipeFile.Save(ResultPath, result, StudyResult.Json);
        StudyReport.Write(run, recipe, result);
    }

    private StudyScore Train(StudyCell cell, IReadOnlyList<StudyCell> cells, StudyResult result, ImageDataset test,
        IRunProgress progress, CancellationToken cancellation)
    {
        // The first cell of a method searches the rate that all others of it take.
        var first = cells.First(c => c.Method == cell.Method);
        var rate = cell == first ? null : result.Find(first)?.LearningRate;
        var name = NameOf(cell);
        // A training that was begun goes on as it began, on whatever device.
        var begun = Path.Combine(run.At(name), "recipe.json");
        var made = File.Exists(begun) ? RecipeFile.Load(begun, TrainRecipe.Json)
            : recipe.Recipe(cell, result.Choice!, Network(cell.Method), rate).On(device);
        var folder = StudyAnalyses.Part(run, name, made, TrainRecipe.Json, device);
        var (trained, head) = Fit(folder, made, progress, cancellation);
        var (score, parameters) = Score(head, made, test, progress, cancellation);
        return new StudyScore(cell.Method.Name, cell.Labels, cell.Seed, trained.LearningRate,
            trained.Best.IsValidated ? trained.Best.ValidationAccuracy : null, score.Classes.Top1.Successes,
            score.Classes.Top1.Trials, parameters, trained.MacsPerImage);
    }

    private static string NameOf(StudyCell cell) => Path.Combine("cells", cell.Name);

    // The head stays; what its training would go on from is many times larger.
    private void Tidy(StudyCell cell) => StudyAnalyses.Tidy(run, NameOf(cell));

    private (TrainResult Result, string Head) Fit(RunFolder folder, TrainRecipe made, IRunProgress progress,
        CancellationToken cancellation)
    {
        using var opened = OpenedFeatures.Of(made, device);
        var task = new TrainTask(folder, made, opened.Source, device);
        var result = task.Run(progress, cancellation);
        TrainReport.Write(folder, made, opened.Source, result);
        return (result, task.BestPath);
    }

    // Of the best epoch on the held-out images; the test images are looked at here alone.
    private (HeadScore Score, long Parameters) Score(string path, TrainRecipe made, ImageDataset test,
        IRunProgress progress, CancellationToken cancellation)
    {
        var (head, header) = HeadFile.Load(path, device);
        using var owned = head;
        using var opened = OpenedFeatures.FromImages(test, ImageReading.Of(header, made.Network!) with
        {
            ClassLabel = made.ClassLabel,
            Inference = made.Inference,
        }, device);
        if (opened.Feedback is { } feedback) HeadFile.LoadFeedback(path, feedback);
        HeadFile.CheckFits(path, header, opened.Source);
        using var bar = progress.Begin("test images", test.Count, "images");
        var score = HeadEvaluation.Run(head, opened.Source, [.. Enumerable.Range(0, test.Count)], recipe.Batch,
            onBatch: n => bar.Advance(n), cancellation: cancellation);
        EvaluationFile.Save(EvaluationFile.PathOf(path), recipe.Test, score, 1, DiffusionNetwork.Hash(path));
        EvaluateReport.Write(Path.ChangeExtension(path, ".evaluation.html"), path, header, score);
        var trained = head.Parameters().Concat(opened.Feedback?.Parameters() ?? []);
        return (score, trained.Sum(p => p.Shape.Count));
    }

    private string Network(StudyMethod method)
    {
        if (!method.IsUntrained) return recipe.Network;
        if (File.Exists(UntrainedPath)) return UntrainedPath;
        using var network = NetworkFile.Load(recipe.Network);
        network.Network.Initialise(new Generator(0));
        NetworkFile.Save(UntrainedPath, network.Network.Config, network.Network.StateDict(), network.Recipe);
        return UntrainedPath;
    }
}
