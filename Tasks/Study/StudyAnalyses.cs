using System.Text.Json.Serialization.Metadata;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>What a study looks at before it trains heads: the sweep that chooses what they read, nearest neighbours,
/// and the similarity of layers.</summary>
/// <param name="run">The study's folder.</param>
/// <param name="recipe">The study.</param>
/// <param name="device">Where to calculate.</param>
internal sealed class StudyAnalyses(RunFolder run, StudyRecipe recipe, Device device)
{
    // The images of the first seed's trainings; a sweep of fewer takes a part of them.
    private FeatureInput Train => Input(recipe.Train) with { Count = recipe.Images, Seed = recipe.Seeds[0] };

    private IReadOnlyList<int> Blocks => recipe.Blocks ?? Train.AllBlocks();

    /// <summary>Trains linear probes on all candidates and chooses what heads read.</summary>
    public StudyResult Sweep(StudyResult result, IRunProgress progress, CancellationToken cancellation)
    {
        var sweep = new SweepRecipe
        {
            Features = Train with
            {
                Count = recipe.SweepImages ?? recipe.Images,
                Timesteps = recipe.Timesteps,
                Blocks = Blocks,
            },
            Epochs = recipe.SweepEpochs,
            Batch = recipe.Batch,
            Validation = recipe.SweepValidation,
            Seed = recipe.Seeds[0],
        };
        var folder = Part(run, "sweep", sweep, SweepRecipe.Json, device);
        SweepResult found;
        using (var opened = SweepFeatures.Open(folder, sweep, device, progress, cancellation))
        {
            found = new SweepTask(folder, sweep, opened.Source, device).Run(progress, cancellation);
            SweepReport.Write(folder, sweep, opened.Source, found);
        }
        var plan = Plan();
        return result with { Sweep = found, Choice = StudyChoice.From(found, block => plan[block].Out) };
    }

    /// <summary>The first block that a method's feedback changes; 0 without feedback.</summary>
    public int FirstFed(StudyMethod method) => method.Feedback is { } strategy
        ? FeedbackStrategy.Parse(strategy, Plan()).Min(link => link.To)
        : 0;

    /// <summary>Removes the features and the probes of a sweep that is kept: many times larger than all that follows.
    /// </summary>
    public void TidySweep()
    {
        if (Tidy(run, "sweep") is { } folder) File.Delete(SweepFeatures.PathIn(folder));
    }

    /// <summary>Classifies by nearest neighbours in every block at the chosen timestep.</summary>
    public StudyResult Neighbours(StudyResult result, IRunProgress progress, CancellationToken cancellation)
    {
        var voters = Train with { Timesteps = [result.Choice!.Timestep], Blocks = Blocks };
        var count = voters.Images(labelled: true).Count;
        var knn = new KnnRecipe
        {
            Train = voters,
            Test = Test with
            {
                Timesteps = voters.Timesteps,
                Blocks = voters.Blocks,
                NoiseSeed = voters.Seed + 1,
            },
            // As many as there are, of fewer images.
            K = [.. recipe.Neighbours.Select(k => Math.Min(k, count)).Distinct()],
            Batch = recipe.Batch,
        };
        var folder = Part(run, "knn", knn, KnnRecipe.Json, device);
        using var from = knn.Train.Open(device, knn.Pool, labelled: true);
        using var to = knn.Test.Open(device, knn.Pool, labelled: true);
        var found = new KnnTask(knn, from.Source, to.Source, device).Run(progress, cancellation);
        RecipeFile.Save(folder.At("result.json"), found, KnnResult.Json);
        KnnReport.Write(folder, knn, found);
        return result with { Neighbours = found };
    }

    /// <summary>Compares blocks at the chosen timestep.</summary>
    public StudyResult BlockSimilarity(
        StudyResult result, IRunProgress progress, CancellationToken cancellation) => result with
        {
            BlockSimilarity = Compare("cka-blocks",
                Test with { Timesteps = [result.Choice!.Timestep], Blocks = Blocks }, progress, cancellation),
        };

    /// <summary>Compares timesteps at the chosen block.</summary>
    public StudyResult TimestepSimilarity(
        StudyResult result, IRunProgress progress, CancellationToken cancellation) => result with
        {
            TimestepSimilarity = Compare("cka-timesteps",
                Test with { Timesteps = recipe.Timesteps, Blocks = [result.Choice!.Block] }, progress, cancellation),
        };

    /// <summary>The images that are scored, in the same noise at every call.</summary>
    public FeatureInput Test => Input(recipe.Test) with
    {
        Count = recipe.TestImages,
        Part = recipe.TestPart,
    };

    /// <summary>A run folder in the study's, new or gone on with.</summary>
    internal static RunFolder Part<T>(RunFolder run, string name, T recipe, JsonTypeInfo<T> json, Device device)
    {
        var path = run.At(name);
        Directory.CreateDirectory(path);
        RecipeFile.Save(Path.Combine(path, "recipe.json"), recipe, json);
        var part = RunFolder.Open(path);
        part.NoteStart(RunEnvironment.Now(Environment.CommandLine, device));
        return part;
    }

    /// <summary>Removes what a part would go on from.</summary>
    /// <returns>Its folder; null where only what it found was taken along.</returns>
    internal static RunFolder? Tidy(RunFolder run, string name)
    {
        if (!File.Exists(Path.Combine(run.At(name), "recipe.json"))) return null;
        var part = RunFolder.Open(run.At(name));
        part.Checkpoints.Remove();
        return part;
    }

    private CkaResult Compare(
        string name, FeatureInput input, IRunProgress progress, CancellationToken cancellation)
    {
        var cka = new CkaRecipe { Features = input, Images = recipe.CkaImages, Pool = recipe.CkaPool };
        var folder = Part(run, name, cka, CkaRecipe.Json, device);
        using var rows = input.Open(device, cka.Pool);
        var found = new CkaTask(cka, rows.Source, null, device).Run(progress, cancellation);
        CkaReport.Write(folder, cka, found);
        return found;
    }

    private UNetPlan Plan()
    {
        using var file = TensorFile.Open(recipe.Network);
        return UNetPlan.For(Networks.Detect(file).Config);
    }

    private FeatureInput Input(string images) => new()
    {
        Path = images,
        Network = recipe.Network,
        ImageSize = recipe.ImageSize,
        ClassLabel = recipe.ClassLabel,
        Inference = recipe.Inference,
    };
}
