using Diffract.Engine;
using Diffract.Tasks;
using Diffract.Tests.Tasks;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Trainings and searches that are stopped anywhere go on with what was done, and end with the same bits.
/// </summary>
internal sealed class StoppedTrainingTests
{
    private TemporaryFolder folder = null!;
    private string checkpoint = "";

    [OneTimeSetUp]
    public void MakeNetwork()
    {
        folder = new TemporaryFolder();
        checkpoint = Work.Network(folder.Path);
    }

    [OneTimeTearDown]
    public void RemoveFolder() => folder.Dispose();

    // Steps of the search: 3 in each of 2 epochs, with feedback once for each of 3 rates; then 3 in each of 3 epochs.
    [TestCase(false, 2)]
    [TestCase(false, 3)]
    [TestCase(false, 5)]
    [TestCase(true, 4)]
    [TestCase(true, 6)]
    [TestCase(true, 8)]
    [TestCase(true, 17)]
    public void A_search_that_was_stopped_goes_on_where_it_was(bool feedback, int stop)
    {
        var recipe = Recipe() with { Feedback = feedback ? new FeedbackRecipe() : null };
        var straight = folder[$"search-{feedback}-{stop}"];
        var whole = Train(straight, recipe, out var all);
        var stopped = folder[$"search-{feedback}-{stop}-stopped"];
        int before;
        using (var source = new CancellationTokenSource())
        {
            using var progress = new StopLater(stop, source);
            var seen = 0;
            Assert.That(() => Train(stopped, recipe, out seen, progress: progress, cancellation: source.Token),
                Throws.InstanceOf<OperationCanceledException>());
            before = seen;
        }
        Assert.That(File.Exists(Path.Combine(stopped, "search.safetensors")));
        var rest = Train(stopped, recipe, out var after);
        Assert.That(rest.Tried, Is.EqualTo(whole.Tried));
        Assert.That(rest.Epochs, Is.EqualTo(whole.Epochs));
        Assert.That(before + after, Is.EqualTo(all), "no image is learnt from again");
        Same(stopped, straight);
        Assert.That(File.Exists(Path.Combine(stopped, "search.safetensors")), Is.False);
    }

    [Test]
    public void A_picture_that_cannot_be_read_does_not_shift_what_comes_after_a_stop(
        [Values(1, 2, 4)] int microbatch, [Values] bool feedback)
    {
        var name = $"broken-{microbatch}-{feedback}";
        var pictures = Work.Folder(folder[name]);
        foreach (var broken in (string[])["across/01.png", "down/03.png", "down/04.png"])
            File.WriteAllText(Path.Combine(pictures, broken), "no picture");
        var recipe = Recipe() with
        {
            Data = pictures,
            Batch = 4,
            Microbatch = microbatch,
            Feedback = feedback ? new FeedbackRecipe() : null,
            Validation = 0,
            Optimiser = OptimiserRecipe.Paper with { LearningRate = 1e-2 },
        };
        var straight = folder[$"{name}-straight"];
        Train(straight, recipe, out _);
        for (var stop = 1; stop <= 8; stop++)
        {
            var stopped = folder[$"{name}-{stop}"];
            using (var source = new CancellationTokenSource())
            using (var progress = new StopLater(stop, source))
                Assert.That(() => Train(stopped, recipe, out _, progress: progress, cancellation: source.Token),
                    Throws.InstanceOf<OperationCanceledException>());
            Train(stopped, recipe, out _);
            Same(stopped, straight);
        }
    }

    [Test]
    public void A_step_of_several_microbatches_is_done_whole_or_not_begun()
    {
        var recipe = Recipe() with
        {
            Batch = 4,
            Microbatch = 2,
            Validation = 0,
            Head = new HeadRecipe { Kind = "attention", Pool = 4, Width = 8, Heads = 2, Layers = 1, Norm = "batch" },
            Optimiser = OptimiserRecipe.Paper with { LearningRate = 1e-2 },
        };
        Train(folder["whole-steps"], recipe, out _);
        // The last step, where old running statistics have not faded yet.
        for (var stop = 14; stop <= 18; stop++)
        {
            var stopped = folder[$"whole-steps-{stop}"];
            using (var source = new CancellationTokenSource())
                Assert.That(() => Train(stopped, recipe, out _, stop, source: source, cancellation: source.Token),
                    Throws.InstanceOf<OperationCanceledException>());
            Train(stopped, recipe, out _);
            Same(stopped, folder["whole-steps"]);
        }
    }

    [Test]
    public void A_training_without_a_picture_that_can_be_read_says_so()
    {
        var pictures = Work.Folder(folder["unreadable"], perClass: 1);
        foreach (var name in (string[])["across/00.png", "down/00.png"])
            File.WriteAllText(Path.Combine(pictures, name), "no picture");
        var recipe = Recipe() with
        {
            Data = pictures,
            Validation = 0,
            Optimiser = OptimiserRecipe.Paper with { LearningRate = 1e-2 },
        };
        Assert.That(() => Train(folder["unread"], recipe, out _), Throws.TypeOf<DiffractException>().With.Message
            .StartsWith("none of the 2 images to learn from could be read. 2 broken pictures were left out: "));
        Assert.That(File.Exists(Path.Combine(folder["unread"], "best.safetensors")), Is.False);
    }

    [Test]
    public void A_training_none_of_whose_held_out_pictures_can_be_read_says_so()
    {
        var pictures = Work.Folder(folder["unreadable-held-out"]);
        var recipe = Recipe() with
        {
            Data = pictures,
            Optimiser = OptimiserRecipe.Paper with { LearningRate = 1e-2 },
        };
        using (var opened = OpenedFeatures.Of(recipe))
        {
            var source = opened.Source;
            var all = LabelChoice.Items(source, null, recipe.Seed);
            foreach (var i in HoldOut.Of(source, all, recipe.Validation, recipe.Seed).Validation)
                File.WriteAllText(Path.Combine(pictures, source.Id(i)), "no picture");
        }
        foreach (var (name, made) in ((string, TrainRecipe)[])[("given", recipe),
            ("searched", recipe with { Optimiser = OptimiserRecipe.Paper })])
        {
            Assert.That(() => Train(folder[$"unread-{name}"], made, out _), Throws.TypeOf<DiffractException>().With
                .Message.StartsWith("none of the 4 images to score could be read. 4 broken pictures were left out: "));
            Assert.That(File.Exists(Path.Combine(folder[$"unread-{name}"], "best.safetensors")), Is.False);
        }
    }

    // In the search, and in training.
    [TestCase(4)]
    [TestCase(11)]
    public void A_run_goes_on_with_the_network_and_the_images_that_it_began_with(int stop)
    {
        var (network, pictures) = (folder[$"replaced-{stop}.safetensors"], Work.Folder(folder[$"grown-{stop}"]));
        File.Copy(checkpoint, network);
        var recipe = Recipe() with { Network = network, Data = pictures };
        var path = folder[$"same-source-{stop}"];
        using (var source = new CancellationTokenSource())
            Assert.That(() => Train(path, recipe, out _, stop, source: source, cancellation: source.Token),
                Throws.InstanceOf<OperationCanceledException>());

        Replace(network, Path.Combine(Path.GetDirectoryName(checkpoint)!, "model.safetensors"));
        Refused("the network replaced-");
        Replace(network, checkpoint);
        File.Copy(Path.Combine(pictures, "down", "00.png"), Path.Combine(pictures, "down", "06.png"));
        Refused("there are 13 images, and there were 12 when it began. Put back what it began with");
        File.Delete(Path.Combine(pictures, "down", "00.png"));
        Refused("images or their classes have changed since it began");
        File.Move(Path.Combine(pictures, "down", "06.png"), Path.Combine(pictures, "down", "00.png"));
        Train(path, recipe, out _);
        Assert.That(HeadFile.Header(Path.Combine(path, "best.safetensors")).NetworkSha256,
            Is.EqualTo(DiffusionNetwork.Hash(checkpoint)));

        void Refused(string problem)
        {
            Assert.That(() => Train(path, recipe, out _),
                Throws.TypeOf<DiffractException>().With.Message.Contains($"{path} cannot go on: {problem}"));
        }
    }

    [Test]
    public void A_run_of_an_earlier_version_goes_on_unchecked()
    {
        var pictures = Work.Folder(folder["unchecked-pictures"]);
        var recipe = Recipe() with { Data = pictures };
        var path = folder["unchecked"];
        using (var source = new CancellationTokenSource())
            Assert.That(() => Train(path, recipe, out _, 11, source: source, cancellation: source.Token),
                Throws.InstanceOf<OperationCanceledException>());
        File.Delete(Path.Combine(path, "source.json"));
        File.Move(Path.Combine(pictures, "down", "00.png"), Path.Combine(pictures, "down", "99.png"));
        Assert.That(Train(path, recipe, out _).Epochs, Has.Count.EqualTo(3));
    }

    [Test]
    public void A_head_names_the_network_that_was_opened()
    {
        var network = folder["pretrained-meanwhile.safetensors"];
        File.Copy(checkpoint, network);
        var recipe = Recipe() with
        {
            Network = network,
            Optimiser = OptimiserRecipe.Paper with { LearningRate = 1e-2 },
        };
        using var opened = OpenedFeatures.Of(recipe);
        var run = Work.Run(folder["named"], recipe, TrainRecipe.Json);
        using var progress = new AtOnce(() =>
            Replace(network, Path.Combine(Path.GetDirectoryName(checkpoint)!, "model.safetensors")));
        new TrainTask(run, recipe, opened.Source).Run(progress);
        Assert.That(DiffusionNetwork.Hash(network), Is.Not.EqualTo(DiffusionNetwork.Hash(checkpoint)));
        Assert.That(HeadFile.Header(run.At("best.safetensors")).NetworkSha256,
            Is.EqualTo(DiffusionNetwork.Hash(checkpoint)));
    }

    [Test]
    public void A_run_that_another_process_works_on_is_refused_before_anything_is_learnt()
    {
        var recipe = Recipe();
        var run = Work.Run(folder["held"], recipe, TrainRecipe.Json);
        var images = -1;
        using (RunFolder.Open(run.Path).Hold())
            Assert.That(() => Train(run.Path, recipe, out images),
                Throws.TypeOf<RunException>().With.Message.Contains("in use"));
        Assert.That(images, Is.Zero);
        Assert.That(File.Exists(run.At("learning_rate.json")), Is.False);
    }

    [Test]
    public void What_a_search_goes_on_from_is_removed_when_it_has_ended()
    {
        var recipe = Recipe() with { Epochs = 1, SearchEpochs = 1 };
        var path = folder["ended"];
        Train(path, recipe, out _);
        var left = Path.Combine(path, "search.safetensors");
        File.WriteAllText(left, "a kill left it");
        Train(path, recipe, out _);
        Assert.That(File.Exists(left), Is.False);
    }

    // In the search, and in the second epoch of training.
    [TestCase(4)]
    [TestCase(11)]
    public void What_is_killed_within_an_epoch_goes_on_from_what_was_saved_in_time(int killAt)
    {
        var recipe = Recipe();
        Train(folder[$"unkilled-{killAt}"], recipe, out var all);
        var killed = folder[$"killed-{killAt}"];
        Assert.That(() => Train(killed, recipe, out _, killAt, saveEvery: TimeSpan.Zero),
            Throws.TypeOf<IOException>());
        Train(killed, recipe, out var rest);
        // Batches of 3 before the one that was not delivered.
        Assert.That(rest, Is.LessThanOrEqualTo(all - 2 * (killAt - 1)), "what was learnt is not learnt again");
        Same(killed, folder[$"unkilled-{killAt}"]);
    }

    [Test]
    public void Time_decides_when_to_save()
    {
        var saved = 0;
        var always = new SaveTimer(TimeSpan.Zero);
        var never = new SaveTimer(TimeSpan.FromHours(1));
        for (var i = 0; i < 3; i++) always.WhenDue(() => saved++);
        never.WhenDue(() => saved += 100);
        Assert.That(saved, Is.EqualTo(3));
    }

    private TrainRecipe Recipe() => new()
    {
        Data = Path.Combine(folder.Path, "pictures"),
        Network = checkpoint,
        Timesteps = [20],
        Blocks = [6],
        Head = new HeadRecipe { Kind = "linear", Pool = 2 },
        Epochs = 3,
        SearchEpochs = 2,
        SearchRates = [1e-3, 1e-2, 3e-2],
        Batch = 3,
        Validation = 0.3,
        Seed = 3,
    };

    // Counts the images of training; stops or breaks while a batch is made, if asked.
    private static TrainResult Train(string path, TrainRecipe recipe, out int images, int stopAt = 0,
        IRunProgress? progress = null, CancellationTokenSource? source = null, TimeSpan? saveEvery = null,
        CancellationToken cancellation = default)
    {
        using var opened = OpenedFeatures.Of(recipe);
        var run = Directory.Exists(path) ? RunFolder.Open(path) : Work.Run(path, recipe, TrainRecipe.Json);
        var watched = new WatchedSource(opened.Source, stopAt, source);
        try
        {
            var task = new TrainTask(run, recipe, watched) { SaveEvery = saveEvery };
            return task.Run(progress ?? RunProgress.None, cancellation);
        }
        finally
        {
            images = watched.Trained;
        }
    }

    // As a pretraining does: the old file stays whole for who has opened it.
    private static void Replace(string path, string other)
    {
        File.Copy(other, path + ".new");
        File.Move(path + ".new", path, overwrite: true);
    }

    private static void Same(string found, string expected)
    {
        foreach (var file in (string[])["best.safetensors", "last.safetensors"])
            Assert.That(File.ReadAllBytes(Path.Combine(found, file)),
                Is.EqualTo(File.ReadAllBytes(Path.Combine(expected, file))), $"{found}: {file}");
    }
    // Does something after the first step.
    private sealed class AtOnce(Action act) : IRunProgress, IProgressBar
    {
        private Action? next = act;

        public IProgressBar Begin(string title, long total, string unit, long done = 0) => this;

        public void Say(string line) { }

        public void Advance(long amount = 1, string? note = null)
        {
            next?.Invoke();
            next = null;
        }

        public void Dispose() { }
    }
}
