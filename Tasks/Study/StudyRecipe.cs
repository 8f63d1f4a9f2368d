using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Everything that decides a study: methods, numbers of labels and seeds that are compared on one data set
/// with one network, as the paper compares them.</summary>
public sealed record StudyRecipe
{
    /// <summary>How it is written as JSON.</summary>
    public static System.Text.Json.Serialization.Metadata.JsonTypeInfo<StudyRecipe> Json =>
        StudyJson.Default.StudyRecipe;

    /// <summary>Images to learn from: what <see cref="Datasets.Open"/> knows.</summary>
    public required string Train { get; init; }

    /// <summary>Images that are scored, once for each training.</summary>
    public required string Test { get; init; }

    /// <summary>Checkpoint of the network.</summary>
    public required string Network { get; init; }

    /// <summary>SHA-256 of <see cref="Network"/>: a study does not go on with another one.</summary>
    public string NetworkSha256 { get; init; } = "";

    /// <summary>SHA-256 of the names and classes of all images, see <see cref="Hash"/>: a study does not go on with
    /// others.</summary>
    // null is what a recipe from before it was kept reads as.
    public string ImagesSha256 { get; init => field = value ?? ""; } = "";

    /// <summary>Side of the images given to the network, pixels; null for its own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Class given to a class-conditional network.</summary>
    public int? ClassLabel { get; init; }

    /// <summary>Images to learn from, the same number of each class as far as possible, chosen by the seed of a
    /// training; null for all.</summary>
    public int? Images { get; init; }

    /// <summary>Images that are scored, chosen once in the same way; null for all.</summary>
    public int? TestImages { get; init; }

    /// <summary>Words of the methods, see <see cref="StudyMethod"/>.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [.. StudyMethod.All.Select(m => m.Name)];

    /// <summary>Shares of the images whose labels may be used, beside all of them.</summary>
    public IReadOnlyList<double> LabelShares { get; init; } = [0.1, 0.01];

    /// <summary>The methods that learn from few labels too.</summary>
    public IReadOnlyList<string> FewLabelMethods { get; init; } = [.. StudyMethod.All.Select(m => m.Name)];

    /// <summary>Seeds; each chooses its images, and gives its weights, order and noise.</summary>
    public IReadOnlyList<ulong> Seeds { get; init; } = [0, 1, 2];

    /// <summary>Timesteps among which the sweep chooses.</summary>
    public IReadOnlyList<int> Timesteps { get; init; } = [10, 30, 60, 90, 150, 300];

    /// <summary>Blocks among which the sweep chooses; null for all.</summary>
    public IReadOnlyList<int>? Blocks { get; init; }

    /// <summary>At most so many images for the sweep.</summary>
    public int? SweepImages { get; init; }

    /// <summary>Share of them on which the sweep chooses.</summary>
    public double SweepValidation { get; init; } = 0.1;

    /// <summary>Passes of the sweep's probes over their images.</summary>
    public int SweepEpochs { get; init; } = 28;

    /// <summary>Passes over the images when all labels are used; with fewer images they grow by the square root of the
    /// shortage. The learning rate falls by 10 after every quarter, as in the paper.</summary>
    public int Epochs { get; init; } = 28;

    /// <summary>Images a step.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Share of each class that is held out to choose rate and epoch where all labels are used. Few labels are
    /// all learnt from, with the rate chosen before.</summary>
    public double Validation { get; init; } = 0.1;

    /// <summary>Learning rates that each method tries with the first seed.</summary>
    public IReadOnlyList<double> SearchRates { get; init; } = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2];

    /// <summary>Epochs each rate is given.</summary>
    public int SearchEpochs { get; init; } = 5;

    /// <summary>Sizes of the heads; kind and layers are the method's.</summary>
    public HeadRecipe Head { get; init; } = new();

    /// <summary>Side that maps are averaged to for heads with attention, where they are larger: a token for each place.
    /// 16 in the paper, for images of 256 pixels. Other heads have <see cref="HeadRecipe.Pool"/>.</summary>
    // 0 is what a recipe from before there was a choice reads as.
    public int AttentionPool { get; init => field = value == 0 ? 16 : value; } = 16;

    /// <summary>Numbers of nearest neighbours.</summary>
    public IReadOnlyList<int> Neighbours { get; init; } = [20, 200];

    /// <summary>Test images whose layers are compared by CKA.</summary>
    public int CkaImages { get; init; } = 2500;

    /// <summary>Side maps are averaged to before.</summary>
    public int CkaPool { get; init; } = 8;

    /// <summary>How the network uses the processor.</summary>
    public InferenceRecipe Inference { get; init; } = new();

    /// <summary>The recipe of the paper's size: all images, 28 epochs, heads of width 1024; 5,000 images for the sweep,
    /// whose features of all blocks and timesteps are stored.</summary>
    /// <param name="train">Images to learn from.</param>
    /// <param name="test">Images to score.</param>
    /// <param name="network">The checkpoint.</param>
    public static StudyRecipe Paper(string train, string test, string network) =>
        new() { Train = train, Test = test, Network = network, SweepImages = 5000 };

    /// <summary>A recipe for a few hours of two processor cores: 5,000 images, 5 epochs, 2,000 test images, heads of
    /// width 128, maps of at most 8 x 8 tokens, few labels for one method of each kind.</summary>
    /// <inheritdoc cref="Paper"/>
    public static StudyRecipe Small(string train, string test, string network) => new()
    {
        Train = train,
        Test = test,
        Network = network,
        Images = 5000,
        TestImages = 2000,
        FewLabelMethods = ["linear", "attention", "difformer", "diffeed-bottleneck"],
        Timesteps = [10, 50, 100, 200, 400],
        SweepImages = 3000,
        SweepValidation = 1 / 3.0,
        SweepEpochs = 10,
        Epochs = 5,
        SearchRates = [3e-4, 1e-3, 3e-3, 1e-2],
        SearchEpochs = 1,
        Head = new HeadRecipe { Hidden = [512], Channels = [256, 256], Width = 128, Heads = 4 },
        AttentionPool = 8,
        CkaImages = 1000,
    };

    /// <summary>All trainings, those with all labels first: a study that is looked at before its end is even.</summary>
    /// <param name="images">Images that there are.</param>
    /// <param name="classes">Their classes.</param>
    /// <exception cref="DiffractException">There is no such method, or fewer images than classes.</exception>
    public IReadOnlyList<StudyCell> Cells(int images, int classes)
    {
        var all = Math.Min(images, Images ?? images);
        if (all < classes)
            throw new DiffractException($"{all} images to learn from are fewer than the {classes} classes");
        var cells = Seeds.SelectMany(seed => Methods.Select(method =>
            new StudyCell(StudyMethod.Named(method), all, all, seed)));
        // Decimal: 0.29 * 100 is 29, not a little less. Each class has one at least, as in training.
        foreach (var labels in LabelShares.Select(share => Math.Max((int)((decimal)share * all), classes)).Distinct())
        {
            if (labels == all) continue;
            cells = cells.Concat(Seeds.SelectMany(seed => Methods.Intersect(FewLabelMethods).Select(method =>
                new StudyCell(StudyMethod.Named(method), labels, all, seed))));
        }
        return [.. cells];
    }

    /// <summary>The images to learn from and those to score, all that there are.</summary>
    /// <exception cref="DiffractException">They are not of the same classes, or fewer than are asked for.</exception>
    public (ImageDataset Train, ImageDataset Test) Open()
    {
        if (TestPart == DatasetPart.Train && Path.GetFullPath(Train) == Path.GetFullPath(Test))
            throw new DiffractException($"{Test} has no test part: a study scores other images than it learns from");
        var train = DataSource.Labelled(Train);
        var test = DataSource.Labelled(Test, TestPart);
        if (!train.ClassNames.SequenceEqual(test.ClassNames))
            throw new DiffractException($"{Train} has {train.ClassNames.Count} classes "
                + $"({ClassNames.Some(train.ClassNames)}); {Test} has {test.ClassNames.Count} "
                + $"({ClassNames.Some(test.ClassNames)}): a study scores what it has learnt");
        if (Images > train.Count) throw TooFew(Train, train, Images);
        if (TestImages > test.Count) throw TooFew(Test, test, TestImages);
        return (train, test);
    }

    /// <summary>SHA-256 of the names and classes of the images to learn from and of those to score.</summary>
    public static string Hash(ImageDataset train, ImageDataset test) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(ImagesHash.Of(train) + ImagesHash.Of(test))));

    /// <summary>The part of <see cref="Test"/> that is scored.</summary>
    [JsonIgnore]
    public DatasetPart TestPart => Datasets.HasTest(Test) ? DatasetPart.Test : DatasetPart.Train;

    private static DiffractException TooFew(string path, ImageDataset data, int? wanted) =>
        new($"{path} has {data.Count} images, and {wanted} are asked for");

    /// <summary>The recipe of one training, as <c>diffract train</c> takes it.</summary>
    /// <param name="cell">Which.</param>
    /// <param name="choice">Timesteps and blocks.</param>
    /// <param name="network">Checkpoint of the network it reads.</param>
    /// <param name="rate">Learning rate; null to search for it.</param>
    public TrainRecipe Recipe(StudyCell cell, StudyChoice choice, string network, double? rate)
    {
        var epochs = (int)Math.Round(Epochs * Math.Sqrt((double)cell.Images / cell.Labels));
        return new TrainRecipe
        {
            Data = Train,
            Network = network,
            ImageSize = ImageSize,
            Timesteps = cell.Method.Fuses ? choice.Timesteps : [choice.Timestep],
            Blocks = cell.Method.Fuses ? choice.Blocks : [choice.Block],
            ClassLabel = ClassLabel,
            Head = Head with
            {
                Kind = cell.Method.Head,
                Pool = cell.Method.Head == "attention" ? AttentionPool : Head.Pool,
            },
            Feedback = cell.Method.Feedback is { } strategy ? new FeedbackRecipe { Strategy = strategy } : null,
            Optimiser = OptimiserRecipe.Paper with { LearningRate = rate, StepEpochs = (epochs + 3) / 4 },
            Epochs = epochs,
            Batch = Batch,
            Labels = $"{cell.Labels}",
            Validation = cell.HasFewLabels ? 0 : Validation,
            SearchRates = SearchRates,
            SearchEpochs = SearchEpochs,
            Seed = cell.Seed,
            Inference = Inference,
        };
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(StudyRecipe))]
[JsonSerializable(typeof(StudyResult))]
internal sealed partial class StudyJson : JsonSerializerContext;
