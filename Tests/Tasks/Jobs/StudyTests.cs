using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>A comparison of all methods on small pictures: what it finds, that it can be stopped anywhere, and what it
/// chooses.</summary>
internal sealed class StudyTests
{
    private TemporaryFolder folder = null!;
    private StudyRecipe recipe = null!;
    private StudyResult whole = null!;

    [OneTimeSetUp]
    public void Compare()
    {
        folder = new TemporaryFolder();
        var network = Work.Network(folder.Path);
        var train = Work.Folder(folder["train"], perClass: 10);
        var test = Work.Folder(folder["test"], perClass: 5);
        recipe = StudyRecipe.Small(train, test, network) with
        {
            NetworkSha256 = DiffusionNetwork.Hash(network),
            ImagesSha256 = StudyRecipe.Hash(DataSource.Labelled(train), DataSource.Labelled(test)),
            Images = 16,
            TestImages = 8,
            Seeds = [3, 4],
            LabelShares = [0.25],
            Timesteps = [20, 90],
            Blocks = [3, 5, 9],
            SweepImages = 12,
            SweepEpochs = 2,
            Epochs = 2,
            Batch = 4,
            Validation = 0.25,
            SearchRates = [1e-3, 1e-2],
            Head = new HeadRecipe { Hidden = [8], Channels = [8, 8], Width = 8, Heads = 2, Layers = 1 },
            CkaImages = 8,
        };
        whole = Run("whole").Run(RunProgress.None);
    }

    [OneTimeTearDown]
    public void Remove() => folder.Dispose();

    [Test]
    public void Every_method_is_scored_with_every_seed_and_few_labels_where_they_are_asked_for()
    {
        Assert.That(whole.Scores, Has.Count.EqualTo(2 * 10 + 2 * 4));
        Assert.That(whole.Scores.Select(s => s.Images), Is.All.EqualTo(8));
        Assert.That(whole.Scores.Where(s => s.Labels == 16).Select(s => s.Method).Distinct(),
            Is.EqualTo(StudyMethod.All.Select(m => m.Name)));
        Assert.That(whole.Scores.Where(s => s.Labels == 4).Select(s => s.Method).Distinct(),
            Is.EqualTo(recipe.FewLabelMethods));
        foreach (var method in whole.Scores.GroupBy(s => s.Method))
        {
            Assert.That(method.Select(s => s.LearningRate).Distinct().Count(), Is.EqualTo(1), method.Key);
            Assert.That(method.Select(s => s.Validation is null), Is.EqualTo(method.Select(s => s.Labels == 4)));
        }
        // The network runs twice with feedback, and once for each timestep with fusion.
        long Macs(string method) => whole.Scores.First(s => s.Method == method).MacsPerImage!.Value;
        Assert.That(Macs("difformer"), Is.GreaterThan(1.5 * Macs("attention")));
        Assert.That(Macs("diffeed-all"), Is.GreaterThan(Macs("diffeed-windowed")).Or.GreaterThan(Macs("attention")));
        Assert.That(whole.Neighbours!.Scores.Select(s => s.K).Distinct(), Is.EqualTo(new[] { 16 }));
        Assert.That(whole.BlockSimilarity!.Rows, Is.EqualTo(new[] { "3", "5", "9" }));
        Assert.That(whole.TimestepSimilarity!.Rows, Is.EqualTo(new[] { "20", "90" }));
        Assert.That(whole.Choice!.Blocks, Is.SubsetOf(recipe.Blocks!));
    }

    [Test]
    public void A_training_is_what_train_and_evaluate_do()
    {
        var cell = recipe.Cells(20, 2).First(c =>
            c is { Method.Name: "diffeed-bottleneck", HasFewLabels: true, Seed: 4 });
        var score = whole.Find(cell)!;
        var made = recipe.Recipe(cell, whole.Choice!, recipe.Network, score.LearningRate);
        Assert.That((made.Labels, made.Epochs, made.Validation), Is.EqualTo(("4", 4, 0.0)));
        var run = Work.Run(folder["alone"], made, TrainRecipe.Json);
        using var opened = OpenedFeatures.Of(made);
        var task = new TrainTask(run, made, opened.Source);
        task.Run(RunProgress.None);
        var kept = folder[$"whole/cells/{cell.Name}/best.safetensors"];
        Assert.That(Work.Numbers(task.BestPath), Is.EqualTo(Work.Numbers(kept)));
        var found = EvaluationFile.Find(EvaluationFile.PathOf(kept))!;
        Assert.That((found.Top1, found.Images), Is.EqualTo((score.Right, score.Images)));
        Assert.That(HeadRun.In(folder["whole/cells"], Assert.Fail), Has.Count.EqualTo(whole.Scores.Count));
    }

    [Test]
    public void What_is_written_says_what_was_found()
    {
        var lines = StudyReport.Lines(recipe, whole).ToArray();
        Assert.That(lines, Has.Length.EqualTo(1 + StudyMethod.All.Count));
        Assert.That(lines[0], Does.Match("method +16 labels .95 %. +4 labels .95 %. +to linear"));
        Assert.That(lines[1], Does.StartWith("Linear, untrained network  "));
        var mean = whole.Scores.Where(s => s is { Method: "mlp", Labels: 16 }).Average(s => 100 * s.Accuracy);
        Assert.That(lines[3], Does.Match($"MLP +{mean:0.0} % "));
        var table = File.ReadAllLines(folder["whole/table.md"]);
        Assert.That(table, Has.Length.EqualTo(lines.Length + 1));
        Assert.That(table[1], Does.StartWith("| --- | ---: |"));
        foreach (var file in (string[])["methods-16.svg", "methods-4.svg", "labels.svg", "cost.svg", "neighbours.svg",
            "sweep-curves.svg", "sweep-map.svg", "cka-blocks.svg", "cka-timesteps.svg"])
            Assert.That(File.ReadAllText(folder[$"whole/{file}"]), Does.Contain("</svg>"), file);
        Assert.That(File.ReadAllText(folder["whole/neighbours.svg"]),
            Does.Contain($"Nearest neighbours, timestep {whole.Choice!.Timestep}"));
        Assert.That(File.ReadAllText(folder["whole/report.html"]), Does.Contain("DifFeed, multi-scale"));
        Assert.That(Directory.GetFiles(folder["whole"], "step-*", SearchOption.AllDirectories), Is.Empty);
    }

    // In the sweep's extraction, its training, the neighbours, a search, a training, and an evaluation.
    [Test]
    public void Stopped_anywhere_it_goes_on_to_the_same_end()
    {
        var (stops, task, seconds) = (0, Run("stopped"), 0.0);
        for (var steps = 3; ; steps += 12)
        {
            using var stop = new CancellationTokenSource();
            try
            {
                Same(task.Run(new StopLater(steps, stop), stop.Token));
                break;
            }
            catch (OperationCanceledException)
            {
                stops++;
                Assert.That(task.Result.Seconds, Is.GreaterThan(seconds), "time adds up");
                seconds = task.Result.Seconds;
            }
        }
        Assert.That(stops, Is.GreaterThan(5));
        foreach (var cell in recipe.Cells(20, 2))
            Assert.That(Work.Numbers(folder[$"stopped/cells/{cell.Name}/best.safetensors"]),
                Is.EqualTo(Work.Numbers(folder[$"whole/cells/{cell.Name}/best.safetensors"])), cell.Name);
    }

    [Test]
    public void It_goes_on_from_its_results_alone()
    {
        var task = Run("moved");
        var some = whole with { Scores = [.. whole.Scores.Take(26)], BlockSimilarity = null };
        RecipeFile.Save(task.ResultPath, some, StudyResult.Json);
        Same(task.Run(RunProgress.None));
        Assert.That(Directory.GetDirectories(folder["moved/cells"]), Has.Length.EqualTo(2));
        Assert.That(Directory.Exists(folder["moved/sweep"]), Is.False);
    }

    [Test]
    public void It_does_not_go_on_with_another_network()
    {
        var other = recipe with { NetworkSha256 = new string('0', 64) };
        var task = new StudyTask(Work.Run(folder["other"], other, StudyRecipe.Json), other, Device.Cpu);
        Assert.That(() => task.Run(RunProgress.None),
            Throws.TypeOf<DiffractException>().With.Message.Contains("is not the network that the study began with"));
    }

    [Test]
    public void It_does_not_go_on_with_other_images()
    {
        var train = Work.Folder(folder["grown"], perClass: 10);
        var begun = recipe with { Train = train };
        Assert.That(StudyRecipe.Hash(begun.Open().Train, begun.Open().Test), Is.EqualTo(recipe.ImagesSha256));
        var task = new StudyTask(Work.Run(folder["more"], begun, StudyRecipe.Json), begun, Device.Cpu);
        RecipeFile.Save(task.ResultPath, whole, StudyResult.Json);
        Same(task.Run(RunProgress.None));
        var picture = Directory.GetFiles(train, "*", SearchOption.AllDirectories)[0];
        File.Copy(picture, Path.Combine(Path.GetDirectoryName(picture)!, "another" + Path.GetExtension(picture)));
        Assert.That(() => task.Run(RunProgress.None), Throws.TypeOf<DiffractException>()
            .With.Message.Contains("are not those that the study began with"));
        var both = begun with { Test = train };
        Assert.That(both.Open, Throws.TypeOf<DiffractException>().With.Message.Contains("has no test part"));
    }

    [Test]
    public void What_a_training_goes_on_from_stays_until_its_score_is_kept()
    {
        var task = Run("full");
        var most = whole with { Scores = [.. whole.Scores.SkipLast(1)] };
        RecipeFile.Save(task.ResultPath, most, StudyResult.Json);
        // The result cannot be written where a folder is.
        var full = new SayingProgress(line =>
        {
            if (!line.StartsWith("28 of 28", StringComparison.Ordinal)) return;
            File.Delete(task.ResultPath);
            Directory.CreateDirectory(task.ResultPath);
        });
        Assert.That(() => task.Run(full), Throws.InstanceOf<IOException>().With.Message.Contains("result.json"));
        Assert.That(States(), Is.Not.Empty);
        Directory.Delete(task.ResultPath);
        RecipeFile.Save(task.ResultPath, most, StudyResult.Json);
        var said = new List<string>();
        Same(task.Run(new SayingProgress(said.Add)));
        Assert.That(said, Has.Some.StartsWith("going on after epoch"));
        Assert.That(States(), Is.Empty);

        string[] States() => Directory.GetFiles(folder["full"], "step-*", SearchOption.AllDirectories);
    }

    // Of 9 blocks the strategy feeds block 8 into block 2.
    [Test]
    public void Feedback_behind_the_chosen_block_is_left_out()
    {
        var few = recipe with { Methods = ["linear", "diffeed-bottleneck"], Seeds = [3], LabelShares = [] };
        var task = new StudyTask(Work.Run(folder["early"], few, StudyRecipe.Json), few, Device.Cpu);
        RecipeFile.Save(task.ResultPath, whole with { Choice = new StudyChoice(20, 1, [20, 90], [1, 3]), Scores = [] },
            StudyResult.Json);
        var said = new List<string>();
        var found = task.Run(new SayingProgress(said.Add));
        Assert.That(found.Scores.Select(s => s.Method), Is.EqualTo(new[] { "linear" }));
        Assert.That(said, Has.Some.EqualTo("DifFeed, bottleneck is left out: its feedback enters the network behind "
            + "block 1, which heads read"));
    }

    [Test]
    public void The_best_cell_is_read_and_fusion_takes_the_best_of_each_size()
    {
        SweepCell Cell(int t, int b, long right) => new(t, b, 1, 1e-3, 1, new Proportion(right, 100), []);
        SweepCell[] cells =
        [
            Cell(10, 1, 20), Cell(10, 2, 50), Cell(10, 3, 60), Cell(10, 4, 55), Cell(10, 5, 30), Cell(10, 6, 40),
            Cell(20, 3, 70), Cell(20, 1, 25), Cell(20, 2, 61), Cell(20, 4, 62), Cell(20, 5, 33), Cell(20, 6, 44),
            Cell(40, 3, 65), Cell(80, 3, 10),
        ];
        var sweep = new SweepResult(cells[6], cells, [], []);
        // Blocks 1 and 6 have maps of 32, 2 and 5 of 16, 3 and 4 of 8.
        var choice = StudyChoice.From(sweep, b => b switch
        {
            1 or 6 => new MapSize(32, 32),
            2 or 5 => new MapSize(16, 16),
            _ => new MapSize(8, 8),
        });
        Assert.That((choice.Timestep, choice.Block), Is.EqualTo((20, 3)));
        Assert.That(choice.Timesteps, Is.EqualTo(new[] { 10, 20, 40 }));
        Assert.That(choice.Blocks, Is.EqualTo(new[] { 2, 3, 6 }));
    }

    [Test]
    public void Recipes_of_trainings_follow_number_of_labels_and_method()
    {
        var paper = StudyRecipe.Paper("a", "b", "c");
        var choice = new StudyChoice(1, 2, [1, 3], [2, 4]);
        TrainRecipe Made(StudyRecipe from, int labels, string method = "difformer") => from.Recipe(
            new StudyCell(StudyMethod.Named(method), labels, 5000, 0), choice, "c", 0.1);
        Assert.That(((int[])[5000, 500, 50]).Select(n => Made(recipe with { Epochs = 5 }, n)).Select(r =>
            (r.Epochs, r.Optimiser.StepEpochs)), Is.EqualTo(new[] { (5, 2), (16, 4), (50, 13) }));
        Assert.That(Made(paper, 5000), Has.Property("Epochs").EqualTo(28));
        Assert.That(Made(paper, 5000).Optimiser.StepEpochs, Is.EqualTo(7));
        Assert.That((Made(paper, 5000).Timesteps, Made(paper, 5000).Blocks), Is.EqualTo((choice.Timesteps,
            choice.Blocks)));
        var small = StudyRecipe.Small("a", "b", "c");
        int Pool(StudyRecipe from, string method) => Made(from, 5000, method).Head.EffectivePool;
        Assert.That((Pool(small, "difformer"), Pool(small, "diffeed-all"), Pool(small, "linear"), Pool(small, "cnn")),
            Is.EqualTo((8, 8, 2, 8)));
        Assert.That(Pool(small with { Head = small.Head with { Pool = 4 } }, "linear"), Is.EqualTo(4));
        Assert.That((Pool(paper, "attention"), Pool(paper with { AttentionPool = 4 }, "attention")),
            Is.EqualTo((16, 4)));
        Assert.That((recipe with { LabelShares = [0.1, 0.05, 0.5, 0.999999999] }).Cells(20, 2).Select(c => c.Labels)
            .Distinct(), Is.EqualTo(new[] { 16, 2, 8, 15 }), "one of each class at least");
        Assert.That(() => StudyMethod.Named("liner"), Throws.TypeOf<DiffractException>().With.Message
            .EndsWith("; did you mean 'linear'?"));
        Assert.That(() => StudyMethod.Named("vit"), Throws.TypeOf<DiffractException>().With.Message
            .Contains("there are untrained, linear, mlp"));
    }

    private StudyTask Run(string name) => new(Work.Run(folder[name], recipe, StudyRecipe.Json), recipe, Device.Cpu);

    private void Same(StudyResult result)
    {
        // What a step costs is not known of a training that was stopped behind its last one.
        static IEnumerable<object> Scores(StudyResult of) => of.Scores.Select(s => s with { MacsPerImage = null });
        Assert.That(Scores(result), Is.EqualTo(Scores(whole)));
        Assert.That($"{result.Choice}", Is.EqualTo($"{whole.Choice}"));
        Assert.That(result.Sweep!.ToCsv(), Is.EqualTo(whole.Sweep!.ToCsv()));
        Assert.That(result.Neighbours!.Scores, Is.EqualTo(whole.Neighbours!.Scores));
        Assert.That(result.BlockSimilarity!.Values, Is.EqualTo(whole.BlockSimilarity!.Values));
        Assert.That(result.TimestepSimilarity!.Values, Is.EqualTo(whole.TimestepSimilarity!.Values));
    }
}
