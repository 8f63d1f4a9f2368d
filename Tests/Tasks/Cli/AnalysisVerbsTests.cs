using System.Text.Json;
using Diffract.Cli;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>What <c>knn</c>, <c>cka</c>, <c>sweep</c>, <c>maps</c> and <c>study</c> print, write and refuse.</summary>
internal sealed class AnalysisVerbsTests
{
    private const string Images = "--features {pictures} --network {network}/ema.safetensors";

    private const string Study =
        "study --train {pictures} --test {others} --network {network}/ema.safetensors --name {t}";

    private TemporaryFolder folder = null!;

    [OneTimeSetUp]
    public async Task Make()
    {
        folder = new TemporaryFolder();
        Work.Network(folder.Path);
        Work.Folder(folder["others"], perClass: 4);
        Work.Folder(folder["other-classes"], perClass: 4);
        Directory.Move(Path.Combine(folder["other-classes"], "down"), Path.Combine(folder["other-classes"], "up"));
        const string extract = "features --network {network}/ema.safetensors --timesteps 20,90 --blocks 3,5,9 --data ";
        await folder.Succeed(extract + "{pictures} --out {train}.safetensors");
        await folder.Succeed(extract + "{others} --seed 1 --out {test}.safetensors");
        await folder.Succeed("train --features {train}.safetensors --timesteps 20 --blocks 3 --head attention --pool 2 "
            + "--width 8 --heads 2 --layers 1 --lr 1e-2 --epochs 1 --validation 0.3 --name {head}");
        await folder.Succeed("train --features {train}.safetensors --timesteps 20 --blocks 3 --lr 1e-2 --epochs 1 "
            + "--validation 0.3 --name {linear}");
    }

    [OneTimeTearDown]
    public void Remove() => folder.Dispose();

    [TestCase("knn --test {test}.safetensors --name {t}", "--train is needed: ")]
    [TestCase("knn --train {pictures} --test {test}.safetensors --name {t}", "--network is needed to read them")]
    [TestCase("knn --train {train}.safetensors --test {absent} --name {t}", "there is no such feature file")]
    [TestCase("knn --train {train}.safetensors --test {test}.safetensors --k 200 --name {t}",
        "there are 12 training images, found k 200")]
    [TestCase("knn --train {train}.safetensors --test {test}.safetensors --batch 4 --name {t}", "leave --batch out")]
    [TestCase("knn --train {train}.safetensors --test {others} --name {t}", "--network is needed to read them")]
    [TestCase("knn --train {train}.safetensors --test {test}.safetensors --k 0 --name {t}", "different numbers from 1")]
    [TestCase("knn --train {train}.safetensors --test {test}.safetensors --seed 3 --name {t}", "leave --seed out")]
    [TestCase("cka --name {t}", "--features is needed: ")]
    [TestCase("cka --features {train}.safetensors --against {test}.safetensors --name {t}",
        "the features are of different images (12 and 8)")]
    [TestCase("cka --features {train}.safetensors --estimator minibatch --name {t}",
        "one whole batch; found 12 images")]
    [TestCase("cka --features {train}.safetensors --network {network}/ema.safetensors --name {t}",
        "leave --network out")]
    [TestCase("cka --features {train}.safetensors --against-network {network}/ema.safetensors --name {t}",
        "leave --against-network out")]
    [TestCase("cka --features {train}.safetensors --part test --name {t}", "leave --part out")]
    [TestCase("cka --features {train}.safetensors --seed 1 --name {t}", "leave --seed out")]
    [TestCase("cka --features {train}.safetensors --blocks 4 --name {t}", "has no features of block 4")]
    [TestCase("sweep --features {train}.safetensors --lr 0 --name {t}", "--lr takes different numbers above 0")]
    [TestCase("sweep --features {train}.safetensors --draws 2 --name {t}", "leave --draws out")]
    [TestCase("sweep --features {pictures} --name {t}", "--network is needed to read them")]
    [TestCase("sweep --resume {linear}", "is no run that diffract sweep can go on with")]
    [TestCase("maps --features {train}.safetensors --name {t}", "no such images")]
    [TestCase("maps " + Images + " --head {linear} --name {t}", "is a linear head: it attends to nothing")]
    [TestCase("maps " + Images + " --head {head} --blocks 2 --name {t}", "leave --timesteps and --blocks out")]
    [TestCase("study --name {t}", "--train is needed: ")]
    [TestCase("study --train {pictures} --name {t}", "has no test part: name the images to score with --test")]
    [TestCase("study --train {pictures} --test {others} --name {t}", "--network is needed: ")]
    [TestCase("study --train {pictures} --test {others} --network {absent} --name {t}", "absent: no such file")]
    [TestCase("study --train {pictures} --test {other-classes} --network {network}/ema.safetensors --name {t}",
        "other-classes has 2 (across, up): a study scores what")]
    [TestCase(Study + " --test-images 9", "others has 8 images, and 9 are asked for")]
    [TestCase(Study + " --images 1", "1 images to learn from are fewer than the 2 classes")]
    [TestCase("features --data {pictures} --network {network}/ema.safetensors --blocks 3 --out {f}",
        "ends in .safetensors, .pt or .pth")]
    [TestCase("features --data {pictures} --network {network}/ema.safetensors --out {f}.pt",
        "--blocks is needed: ")]
    [TestCase("train --data {pictures} --network {network}/ema.safetensors --lr 1 --name {t}",
        "has blocks 1 to 9, not the paper's 24 that")]
    [TestCase("train --features {pictures} --name {t}", "has images, no features: name it with --data")]
    [TestCase("evaluate {linear} --features {pictures}", "has images, no features: name it with --data")]
    [TestCase(Study + " --labels 10%", "--labels takes numbers with commas between them, found '10%'")]
    [TestCase(Study + " --labels 0.5,2", "takes different shares between 0 and 1 with commas between them, or none")]
    [TestCase(Study + " --labels none --methods linear,vit", "there is no method 'vit'; there are untrained, linear")]
    [TestCase(Study + " --labels none --blocks 4,99", "has blocks 1 to 9, found 4, 99")]
    [TestCase(Study + " --labels none --timesteps 1000", "timesteps 0 to 999, found 1000")]
    [TestCase(Study + " --labels none --label 1", "is an unconditional network: it takes no --label")]
    [TestCase(Study + " --images 99", "has 12 images, and 99 are asked for")]
    [TestCase("study --train {pictures} --test {pictures} --network {network}/ema.safetensors --name {t}",
        "has no test part: a study scores other images than it learns from")]
    [TestCase("study --resume {linear}", "is no run that diffract study can go on with")]
    public Task Failures_are_one_sentence_and_leave_nothing(string line, string problem) =>
        folder.Fail(line, problem);

    [Test]
    public async Task Shards_and_selections_of_data_are_read_as_files_and_folders_are()
    {
        const string more = " --k 1 --timesteps 20 --blocks 3";
        await folder.Succeed("features --network {network}/ema.safetensors --timesteps 20,90 --blocks 3,5,9 "
            + "--data {pictures} --out {shards} --shard 0 --of 1");
        var (_, one, _) = await folder.Succeed(
            "knn --train {train}.safetensors --test {test}.safetensors --name {file}" + more);
        var (_, found, _) = await folder.Succeed(
            "knn --train {shards} --test {test}.safetensors --name {sharded}" + more);
        Assert.That(found.Split('\n')[1], Is.EqualTo(one.Split('\n')[1]));
        await folder.Succeed("knn --train {pictures}@50% --test {others} --network {network}/ema.safetensors "
            + "--name {half}" + more);
        Assert.That(File.ReadAllText(folder["half/result.json"]), Does.Contain("\"train_images\": 6"));
    }

    [Test]
    public async Task Neighbours_of_a_file_and_of_images_are_the_same()
    {
        const string more = " --k 1,3 --timesteps 20 --blocks 3,5";
        var (_, output, error) = await folder.Succeed(
            "knn --train {train}.safetensors --test {test}.safetensors --name {knn}" + more);
        Assert.That(error, Does.Contain("training images: 24 of 24 maps (100 %)"), "12 images, 2 layers");
        Assert.That(error, Does.Not.Contain("note:"));
        Assert.That(output, Does.Match(@"20 +3 +1  \d+\.\d % \(\d+\.\d to \d+\.\d\), \d of 8"));
        (_, _, error) = await folder.Succeed(
            "knn --train {pictures} --test {others} --network {network}/ema.safetensors --name {knn2}" + more);
        Assert.That(error, Does.Contain("training images: 12 of 12 images (100 %)"));
        foreach (var run in (string[])["knn", "knn2"])
            Assert.That(File.ReadAllText(At(run, "report.html")), Does.Contain("ema.safetensors"));
        var (first, second) = (Read("knn"), Read("knn2"));
        Assert.That(second.GetRawText(), Is.EqualTo(first.GetRawText()));
        Assert.That(first.GetProperty("scores").GetArrayLength(), Is.EqualTo(4));
        Assert.That(new FileInfo(At("knn", "accuracy.svg")).Length, Is.GreaterThan(1000));
    }

    // What is asked of the network is asked of the side with images, which follows the file.
    [TestCase("--train {pictures} --test {test}.safetensors")]
    [TestCase("--train {train}.safetensors --test {others}")]
    public async Task Neighbours_in_a_file_and_images_are_the_same(string sides)
    {
        const string reading = " --network {network}/ema.safetensors --batch 5";
        var (_, output, _) = await folder.Succeed($"knn {sides} --k 1,3 --name {{mixed}}{reading}");
        var (_, files, _) = await folder.Succeed(
            "knn --train {train}.safetensors --test {test}.safetensors --k 1,3 --name {files}");
        Assert.That(output.Split('\n')[..13], Is.EqualTo(files.Split('\n')[..13]));
        // Maps of a file may be larger than those that a network is asked for.
        await folder.Succeed($"knn {sides} --k 1 --pool 2 --name {{small}}{reading}");
        foreach (var name in (string[])["mixed", "files", "small"]) Directory.Delete(folder[name], recursive: true);
    }

    [Test]
    public async Task Neighbours_in_features_of_another_network_are_said_to_be()
    {
        const string sides = "knn --train {train}.safetensors --test {others} --k 1 --network {network}/";
        var (_, _, error) = await folder.Succeed(sides + "model.safetensors --name {other-network}");
        Assert.That(error, Does.Contain("note: training features are of the network ema.safetensors ("));
        Assert.That((await folder.Succeed(sides + "ema.safetensors --name {one-network}")).Error,
            Does.Not.Contain("note:"));
    }

    [Test]
    public async Task Images_on_both_sides_are_said_to_be()
    {
        var (_, _, error) = await folder.Succeed("knn --train {others} --test {others} --k 1 --timesteps 20 "
            + "--blocks 3 --network {network}/ema.safetensors --name {selves}");
        Assert.That(error, Does.Contain("is on both sides: every image votes for itself"));
    }

    [Test]
    public async Task Files_in_the_same_noise_are_said_to_be()
    {
        await folder.Succeed("features --network {network}/ema.safetensors --timesteps 20 --blocks 3 --data {others} "
            + "--out {noisy}.safetensors");
        var (_, _, error) = await folder.Succeed("knn --train {train}.safetensors --test {noisy}.safetensors --k 1 "
            + "--timesteps 20 --blocks 3 --name {alike}");
        Assert.That(error, Does.Contain("note: both files have noise of the same seed"));
    }

    [Test]
    public async Task Neighbours_that_nobody_asked_for_are_as_many_as_there_are()
    {
        var (_, output, error) = await folder.Succeed("knn --train {train}.safetensors --test {test}.safetensors "
            + "--timesteps 20 --blocks 3 --name {few}");
        Assert.That(error, Does.Contain("note: there are 12 training images: k 12 instead of 20, 200"));
        Assert.That(output, Does.Match(@"20 +3 +12  \d+\.\d % "));
        Assert.That(RecipeFile.Load(At("few", "recipe.json"), KnnRecipe.Json).K, Is.EqualTo(new[] { 12 }));
    }

    [Test]
    public async Task Similarities_say_of_which_timesteps_they_are()
    {
        await folder.Succeed("features --network {network}/ema.safetensors --data {pictures} --timesteps 20 "
            + "--blocks 3,5 --out {one}.safetensors");
        var (_, _, error) = await folder.Succeed(
            $"cka {Images} --timesteps 90 --blocks 9,3 --against {{one}}.safetensors --name {{unlike}}");
        Assert.That(error, Does.Contain("note: the rows are of timestep 90, the columns of timestep 20"));
        var spec = Read("unlike").GetProperty("column_spec");
        Assert.That(spec.GetProperty("timesteps")[0].GetInt32(), Is.EqualTo(20));
        Assert.That(File.ReadAllText(At("unlike", "cka.csv")), Does.StartWith("block t90/block t20,3,5\n3,"));
        Assert.That(File.ReadAllText(At("unlike", "cka.svg")),
            Does.Contain("block, timestep 90").And.Contain("block, timestep 20"));
        Assert.That(File.ReadAllText(At("unlike", "report.html")), Does.Contain("t 90; b 3, 9").And.Contain("t 20; b"));
        await folder.Succeed("cka --features {one}.safetensors --name {alone}");
        Assert.That(File.ReadAllText(At("alone", "cka.svg")), Does.Contain("block, timestep 20"));
    }

    [Test]
    public async Task Batches_of_images_and_of_their_features_are_the_same()
    {
        const string more = " --timesteps 20 --blocks 3,5 --estimator minibatch --batch 6 --seed ";
        await folder.Succeed("features --network {network}/ema.safetensors --data {pictures} --timesteps 20 "
            + "--blocks 3,5 --seed 2 --out {seeded}.safetensors");
        await folder.Succeed("cka --features {seeded}.safetensors --name {batches}" + more + "2");
        await folder.Succeed($"cka {Images} --name {{batches2}}{more}2");
        await folder.Succeed("cka --features {seeded}.safetensors --name {batches3}" + more + "1");
        double Value(string run) => Read(run).GetProperty("values")[0][1].GetDouble();
        Assert.That(Value("batches2"), Is.EqualTo(Value("batches")).Within(1e-7));
        Assert.That(Value("batches3"), Is.Not.EqualTo(Value("batches")).Within(1e-6));
    }

    [Test]
    public async Task A_sweep_of_the_release_takes_the_steps_that_its_training_takes()
    {
        await folder.Succeed("sweep --features {train}.safetensors --timesteps 20 --blocks 3 --recipe release --pool 1 "
            + "--lr 1e-2 --epochs 1 --validation 0.3 --name {released-sweep}");
        var recipe = RecipeFile.Load(At("released-sweep", "recipe.json"), SweepRecipe.Json);
        Assert.That((recipe.Batch, recipe.Validation, recipe.Optimiser.Name), Is.EqualTo((128, 0.3, "release")));
    }

    [Test]
    public void Help_says_what_a_verb_reads()
    {
        string? Help(FeatureWords words, string option) =>
            words.Options.Single(o => o.Name == option).Description;
        Assert.That(Help(new FeatureWords(), "--timesteps"), Does.EndWith("all of a feature file, 150 for images"));
        var maps = new FeatureWords(images: "10,100,400", files: false);
        Assert.That(Help(maps, "--timesteps"), Is.EqualTo("Noise levels, 0-based; 10,100,400 when left out"));
        Assert.That(Help(maps, "--network"), Does.Not.Contain("file"));
    }

    [TestCase("--timesteps 20", "block", "3,5,9", "block")]
    [TestCase("--blocks 3", "timestep", "20,90", "timestep")]
    [TestCase("--timesteps 20 --blocks 3,5 --against-blocks 9", "block", "3,5", "block")]
    [TestCase("--timesteps 90 --against {train}.safetensors --against-timesteps 20", "block", "3,5,9", "block")]
    [TestCase("--estimator minibatch --batch 6 --pool 1", "layer",
        "t20.b3,t20.b5,t20.b9,t90.b3,t90.b5,t90.b9", "layer")]
    public async Task Similarities_have_names_and_ones_where_layers_meet(
        string more, string axis, string rows, string columnAxis)
    {
        await folder.Succeed($"cka --features {{train}}.safetensors --name {{cka-{axis}}} {more}");
        var path = Directory.GetDirectories(folder.Path, $"cka-{axis}*").Single();
        var result = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(path, "result.json"))).RootElement;
        string[] Names(string of) => [.. result.GetProperty(of).EnumerateArray().Select(n => n.GetString()!)];
        Assert.That(result.GetProperty("row_axis").GetString(), Is.EqualTo(axis));
        Assert.That(result.GetProperty("column_axis").GetString(), Is.EqualTo(columnAxis));
        Assert.That(string.Join(',', Names("rows")), Is.EqualTo(rows));
        var isSquare = !more.Contains("--against", StringComparison.Ordinal);
        for (var i = 0; i < Names("rows").Length && isSquare; i++)
            Assert.That(result.GetProperty("values")[i][i].GetDouble(), Is.EqualTo(1).Within(1e-6));
        Assert.That((await File.ReadAllLinesAsync(Path.Combine(path, "cka.csv"))).Length,
            Is.EqualTo(Names("rows").Length + 1));
        Assert.That(await File.ReadAllTextAsync(Path.Combine(path, "cka.svg")), Does.Contain("linear CKA"));
        Directory.Delete(path, recursive: true);
    }

    [TestCase("--features {train}.safetensors")]
    [TestCase(Images + " --timesteps 20,90 --blocks 3,5,9")]
    [TestCase(Images + " --timesteps 20,90 --blocks 3,5,9 --draws 0")]
    public async Task A_sweep_scores_every_cell_and_goes_on_where_it_was(string from)
    {
        const string more = " --pool 1,2 --lr 1e-3,1e-1 --epochs 2 --batch 4 --validation 0.3 --name {sweep}";
        var (_, output, _) = await folder.Succeed($"sweep {from}{more}");
        var result = Read("sweep");
        Assert.That(result.GetProperty("cells").GetArrayLength(), Is.EqualTo(2 * 3 * 2));
        Assert.That(output, Does.Contain("best of 12: t "));
        foreach (var file in (string[])["map-1x1.svg", "map-2x2.svg", "curves.svg", "sweep.csv", "report.html"])
            Assert.That(File.Exists(At("sweep", file)), file);
        Assert.That(await File.ReadAllTextAsync(At("sweep", "report.html")), Does.Contain("ema.safetensors")
            .And.Contain(folder[from.Contains("{train}", StringComparison.Ordinal) ? "train" : "pictures"]));
        // A run that was stopped after its first epoch has the first checkpoint.
        File.Delete(RunFolder.Open(folder["sweep"]).Checkpoints.Latest!.Path);
        File.Delete(At("sweep", "result.json"));
        var (_, _, said) = await folder.Succeed("sweep --resume {sweep}");
        Assert.That(said, Does.Contain("going on after epoch 1 of 2"));
        Assert.That(Read("sweep").GetRawText(), Is.EqualTo(result.GetRawText()));
        Directory.Delete(folder["sweep"], recursive: true);
    }

    [Test]
    public async Task A_study_prints_its_table_and_goes_on_where_it_was()
    {
        var (_, output, error) = await folder.Succeed(Study.Replace("{t}", "{study}", StringComparison.Ordinal)
            + " --labels none --methods linear,mlp --seeds 0 --epochs 1 --timesteps 20 --blocks 3,5");
        Assert.That(output, Does.Match(@"(?s)method .*Linear +\d+.\d %.*MLP +\d+.\d %.*report: "));
        Assert.That(error, Does.Contain("1 of 2: Linear, 12 labels, seed 0"));
        var again = await folder.Succeed("study --resume {study}");
        Assert.That(again.Output, Is.EqualTo(output));
        Assert.That(again.Error, Does.Not.Contain("1 of 2"));
        Assert.That((await folder.Succeed("runs {study}/cells")).Output, Does.Contain("mlp-12-labels-seed-0"));
        Directory.Delete(folder["study"], recursive: true);
    }

    [Test]
    public async Task Pictures_of_features_are_the_same_each_time()
    {
        foreach (var name in (string[])["maps", "maps2"])
            await folder.Succeed($"maps {Images} --head {{head}} --images 3 --name {{{name}}}");
        foreach (var file in (string[])["maps.png", "attention.png"])
            Assert.That(await File.ReadAllBytesAsync(At("maps2", file)),
                Is.EqualTo(await File.ReadAllBytesAsync(At("maps", file))));
        var cell = Read("maps").GetProperty("cells")[0];
        Assert.That(cell.GetProperty("shares").EnumerateArray().Sum(s => s.GetDouble()), Is.InRange(0.1, 1.00001));
        Assert.That(Read("maps").GetProperty("images").GetArrayLength(), Is.EqualTo(3));
    }

    [Test]
    public async Task Pictures_for_a_head_with_feedback_are_of_the_maps_that_it_reads()
    {
        const string train = "train --data {pictures} --network {network}/ema.safetensors --timesteps 20 --blocks 6 "
            + "--head diffeed --feedback bottleneck --pool 2 --width 8 --heads 2 --layers 1 --lr 1e-1 --epochs 2 "
            + "--validation 0 --name ";
        await folder.Succeed(train + "{fed} --first-blocks 5");
        await folder.Succeed($"maps {Images} --head {{fed}} --images 2 --name {{fed-maps}}");
        var cells = Read("fed-maps").GetProperty("cells").EnumerateArray().ToArray();
        Assert.That(cells.Select(c => (c.GetProperty("block").GetInt32(), c.GetProperty("is_first_pass").GetBoolean())),
            Is.EqualTo(new[] { (5, true), (6, false) }));

        // Feedback changes block 6, and its picture.
        await folder.Succeed($"maps {Images} --blocks 5,6 --timesteps 20 --images 2 --name {{plain-maps}}");
        var plain = Read("plain-maps").GetProperty("cells").EnumerateArray().ToArray();
        string Shares(JsonElement cell) => cell.GetProperty("shares").GetRawText();
        Assert.That(Shares(cells[0]), Is.EqualTo(Shares(plain[0])));
        Assert.That(Shares(cells[1]), Is.Not.EqualTo(Shares(plain[1])));
        Assert.That(File.Exists(At("fed-maps", "attention.png")));
    }

    [Test]
    public async Task Pictures_for_a_fine_tuned_head_are_of_the_network_beside_it()
    {
        await folder.Succeed("train --data {pictures} --network {network}/ema.safetensors --timesteps 20 --blocks 6 "
            + "--head attention --fine-tune --pool 2 --width 8 --heads 2 --layers 1 --lr 1e-2 --epochs 1 "
            + "--validation 0 --name {tuned}");
        var (_, _, error) = await folder.Succeed("maps --features {pictures} --head {tuned} --images 2 "
            + "--name {tuned-maps}");
        Assert.That(error, Does.Not.Contain("note:"));
        await folder.Succeed("maps --features {pictures} --network {tuned}/best.network.safetensors --head {tuned} "
            + "--images 2 --name {tuned-maps-2}");
        Assert.That(Read("tuned-maps-2").GetRawText(), Is.EqualTo(Read("tuned-maps").GetRawText()));
    }

    private string At(string run, string file) => Path.Combine(folder[run], file);

    private JsonElement Read(string run) =>
        JsonDocument.Parse(File.ReadAllText(At(run, "result.json"))).RootElement.Clone();
}
