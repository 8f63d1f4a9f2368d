using System.Globalization;
using System.Text.RegularExpressions;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>What <c>features</c>, <c>train</c>, <c>pretrain</c> and <c>evaluate</c> say, above all when something is
/// wrong: one sentence, no stack trace, an exit code that is not 0, and nothing left behind.</summary>
internal sealed class JobVerbsTests
{
    private const int Classes = 7;

    private TemporaryFolder folder = null!;

    [OneTimeSetUp]
    public async Task Make()
    {
        folder = new TemporaryFolder();
        Work.Network(folder.Path);
        Directory.Move(folder["network"], folder["plain"]);
        Work.Network(folder.Path, Work.Tiny with { ClassConditional = true, Steps = 2 });
        Directory.Move(folder["network"], folder["conditional"]);

        Directory.CreateDirectory(folder["empty"]);
        Work.Folder(folder["whole"]);
        Directory.CreateDirectory(folder["one"]);
        Directory.Move(Path.Combine(folder["whole"], "across"), Path.Combine(folder["one"], "across"));
        Work.Folder(folder["broken"]);
        File.WriteAllText(Path.Combine(folder["broken"], "down", "03.png"), "no picture");
        for (var label = 0; label < Classes; label++)
        {
            Greys(Path.Combine(folder["greys"], $"grey{label}"), label);
            Directory.CreateDirectory(folder[$"unread/grey{label}"]);
            File.WriteAllText(folder[$"unread/grey{label}/0.png"], "no picture");
        }

        const string extract = "features --network {plain}/ema.safetensors --data {greys} --timesteps 20";
        await folder.Succeed(extract + " --blocks 3 --out {f}.safetensors");
        await folder.Succeed(extract + " --blocks 2 --out {f2}.safetensors");
        await folder.Succeed(extract + " --blocks 3 --pool 2 --out {pooled}.safetensors");
        await folder.Succeed("train --features {f}.safetensors --lr 1e-2 --epochs 3 --validation 0.3 --name {head}");
    }

    [OneTimeTearDown]
    public void Remove() => folder.Dispose();

    [TestCase("features --data {pictures} --blocks 3", "--network is needed: ")]
    [TestCase("features --network {conditional}/ema.safetensors --data {pictures} --blocks 3",
        "is a class-conditional network: say with --label which of its classes (0 to 1)")]
    [TestCase("features --network {conditional}/ema.safetensors --data {pictures} --blocks 3 --label 2",
        "knows classes 0 to 1, found --label 2")]
    [TestCase("features --network {plain}/ema.safetensors --data {pictures} --blocks 3 --label 0",
        "is an unconditional network: it takes no --label")]
    [TestCase("features --network {plain}/ema.safetensors --data {empty} --blocks 3", "empty: no picture (jpg, ")]
    [TestCase("features --network {plain}/ema.safetensors --data {absent} --blocks 3",
        "absent: there is no such folder")]
    [TestCase("features --network {absent}.pt --data {pictures} --blocks 3", "absent.pt: no such file")]
    [TestCase("features --network {plain}/ema.safetensors --data {pictures} --blocks 99",
        "blocks 1 to 9, found block 99")]
    [TestCase("features --network {plain}/ema.safetensors --data {pictures} --blocks 3 --timesteps 1000",
        "timesteps 0 to 999, found 1000")]
    [TestCase("features --network {plain}/ema.safetensors --data {pictures} --blocks 0",
        "--blocks takes different numbers from 1 with commas between them, found '0'")]
    [TestCase("features --network {plain}/ema.safetensors --data {pictures} --timesteps 5,5",
        "--timesteps takes different numbers from 0 with commas between them, found '5,5'")]
    [TestCase("features --network {plain}/ema.safetensors --data {pictures} --blocks 3 --image-size 7",
        "height and width must be multiples of 2, found 7 x 7")]
    [TestCase("features --network {plain}/ema.safetensors --data {broken} --blocks 3 --batch 12 --stop-on-broken",
        "03.png: this is not a jpg, png, gif or bmp image")]
    [TestCase("features --network {plain}/ema.safetensors --data {pictures} --blocks 3 --batch 0",
        "--batch is a whole number from 1, not '0'")]
    [TestCase("train --name {t}", "(--features), or images and the network that reads them (--data and --network)")]
    [TestCase("train --data {empty} --network {plain}/ema.safetensors --blocks 3 --name {t}", "empty: no picture")]
    [TestCase("train --data {one} --network {plain}/ema.safetensors --blocks 3 --name {t}",
        "at least two classes are needed, found 6 pictures of the only class 'across'")]
    [TestCase("train --data {pictures} --network {plain}/ema.safetensors --blocks 3 --timesteps 1000 --name {t}",
        "timesteps 0 to 999, found 1000")]
    [TestCase("train --features {plain}/ema.safetensors --name {t}", "is no feature file")]
    [TestCase("train --features {f}.safetensors --blocks 4 --name {t}", "has no features of block 4 at timestep 20")]
    [TestCase("train --features {f}.safetensors --epochs 0 --name {t}", "--epochs is a whole number from 1, not '0'")]
    [TestCase("train --features {f}.safetensors --validation 1 --name {t}",
        "a number from 0 that is less than 1, not '1'")]
    [TestCase("train --features {f}.safetensors --validation 0 --name {t}", "give one with --lr")]
    [TestCase("train --features {f}.safetensors --head diffeed --name {t}", "diffeed runs the network twice")]
    [TestCase("train --features {f}.safetensors --fine-tune --name {t}",
        "--features and --fine-tune do not go together")]
    [TestCase("train --features {f}.safetensors --head cnn --hidden 5 --name {t}", "--hidden is for the mlp head")]
    [TestCase("train --features {f}.safetensors --head cnn --channels 5 --name {t}", "takes 2 whole numbers from 1")]
    [TestCase("train --features {f}.safetensors --head attention --chain Reshape --name {t}",
        "attention head: 'Reshape': the width of the tokens is missing")]
    [TestCase("train --features {f}.safetensors --batch 32 --microbatch 5 --name {t}",
        "a batch of 32 images cannot be divided into microbatches of 5")]
    [TestCase("train --features {f}.safetensors --labels some --name {t}", "--labels takes a share of the images")]
    [TestCase("train --data {pictures} --network {plain}/ema.safetensors --blocks 3 --first-blocks 3 --name {t}",
        "--first-blocks says how feedback is")]
    [TestCase("train --data {pictures} --network {plain}/ema.safetensors --blocks 6 --timesteps 20 --feedback 3 "
        + "--name {t}", "feedback comes from decoder blocks, 6 to 9 of this network; found 3")]
    [TestCase("train --data {pictures} --network {plain}/ema.safetensors --blocks 2 --timesteps 20 --feedback 6:4 "
        + "--name {t}", "'6:4' enters the network at block 4, and reaches none of the blocks that are read (2)")]
    [TestCase("train --data {pictures} --network {plain}/ema.safetensors --fine-tune --memory lean --blocks 6 "
        + "--name {t}", "leave --memory lean out")]
    [TestCase("train --data {pictures} --network {plain}/ema.safetensors --blocks 6 --network-lr 1e-5 --name {t}",
        "--network-lr says how fast the network learns: ask for that with --fine-tune")]
    [TestCase("train --data {pictures} --network {plain}/ema.safetensors --fine-tune --network-lr 0 --name {t}",
        "--network-lr is a number above 0, not '0'")]
    [TestCase("train --features {f}.safetensors --network-lr 1e-5 --name {t}",
        "--features and --network-lr do not go together")]
    [TestCase("train --features {f}.safetensors --data {greys} --name {t}", "--features and --data do not go together")]
    [TestCase("train --resume {plain}", "plain is no run that diffract train can go on with")]
    [TestCase("pretrain --data {pictures} --memory-budget much --name {t}", "takes a size such as 6GiB or 800MB")]
    [TestCase("pretrain --data {pictures} --image-size 8 --channels 32 --channel-mult 1 --batch 4 "
        + "--memory-budget 1MiB --name {t}", "more than the memory budget of 1.00 MiB: take fewer channels")]
    [TestCase("pretrain --data {pictures} --ema 0.9,1 --name {t}", "--ema takes different numbers from 0")]
    [TestCase("pretrain --data {pictures} --small-variance --name {t}", "hybrid learns variances")]
    [TestCase("pretrain --data {pictures} --sum-microbatches --name {t}", "give their size with --microbatch")]
    [TestCase("pretrain --data {pictures} --microbatch 2 --sum-microbatches --memory-budget 1G --name {t}",
        "leave one out")]
    [TestCase("classifier --data {one} --image-size 8 --channels 32 --channel-mult 1 --batch 2 --name {t}",
        "at least two classes are needed, found 6 pictures of the only class 'across'")]
    [TestCase("classifier --data {pictures} --image-size 9 --name {t}", "that is a multiple of 8, found 9")]
    [TestCase("classifier --data {pictures} --image-size 8 --channels 33 --channel-mult 1 --batch 4 --name {t}",
        "must be a multiple of 32")]
    [TestCase("evaluate-classifier {plain}/ema.safetensors --data {pictures}", "is a diffusion U-Net")]
    [TestCase("evaluate-classifier {absent} --data {pictures}", "absent: no such file")]
    [TestCase("sample --name {t}", "--network is needed: ")]
    [TestCase("sample --network {absent} --name {t}", "absent: no such file")]
    [TestCase("sample --network {plain}/ema.safetensors --steps 1001 --name {t}",
        "steps have a signal, 1001 cannot be taken of them")]
    [TestCase("sample --network {plain}/ema.safetensors --sampler ddpm --steps 1001 --name {t}",
        "1001 steps: the process has 1000 steps, 1001 cannot be taken of it")]
    [TestCase("sample --network {plain}/ema.safetensors --eta 1 --name {t}", "--eta is for --sampler ddim")]
    [TestCase("sample --network {plain}/ema.safetensors --sampler ddim --eta 1.1 --name {t}",
        "--eta is a number from 0 to 1, not '1.1'")]
    [TestCase("sample --network {plain}/ema.safetensors --scale 2 --name {t}", "name it with --classifier")]
    [TestCase("sample --network {plain}/ema.safetensors --classifier {plain}/ema.safetensors --name {t}",
        "is a diffusion U-Net (it has output blocks); a classifier is needed")]
    [TestCase("sample --network {plain}/ema.safetensors --mask {absent} --name {t}",
        "--inpaint and --mask are given together")]
    [TestCase("sample --network {plain}/ema.safetensors --image-size 9 --name {t}", "multiples of")]
    [TestCase("edit {absent} --network {plain}/ema.safetensors --name {t}", "absent: there is no such file")]
    [TestCase("edit {absent} --network {plain}/ema.safetensors --points 3 --name {t}",
        "--points lie between two images, found 1")]
    [TestCase("edit {pictures}/down/00.png --network {conditional}/ema.safetensors --name {t}",
        "say with --label which of its classes (0 to 1)")]
    [TestCase("runs {absent}", "absent: there is no such folder of runs")]
    [TestCase("runs {empty}", "empty has no run of a head (diffract train makes one)")]
    [TestCase("pretrain --data {empty} --name {t}", "empty: no picture")]
    [TestCase("pretrain --data {pictures} --image-size 8 --channels 32 --channel-mult 1 --batch 99 --name {t}",
        "12 pictures do not fill one batch of 99")]
    [TestCase("pretrain --data {pictures} --save-every 0 --name {t}", "--save-every is a whole number from 1, not '0'")]
    [TestCase("pretrain --data {pictures} --image-size 8 --channels 32 --channel-mult 1,2 --attention 4,7 --name {t}",
        "--attention: no map has a side of 7; the levels' maps have sides 8, 4")]
    [TestCase("pretrain --resume {head}", "head is no run that diffract pretrain can go on with: ")]
    [TestCase("pretrain --resume {head}", "recipe.json: line 2: there is no setting 'features'")]
    [TestCase("pretrain --resume {absent}", "absent: no such run")]
    [TestCase("evaluate {head}", "(--features), or images and the network that reads them (--data and --network)")]
    [TestCase("evaluate {head} --features {f}.safetensors --label 1", "--features and --label do not go together")]
    [TestCase("evaluate {head} --features {f}.safetensors --draws 3",
        "the features have 1 noise draw for each image, and 3 are asked for: make them with --draws 3")]
    [TestCase("evaluate {absent} --features {f}.safetensors", "absent: no such head (diffract train writes one)")]
    [TestCase("evaluate {plain}/ema.safetensors --features {f}.safetensors", "is no head of this program")]
    [TestCase("evaluate {head} --features {f2}.safetensors",
        "has no features of block 3 at timestep 20; it has blocks 2")]
    [TestCase("evaluate {head} --features {pooled}.safetensors",
        "trained on block 3: 32@4; the features have block 3: 32@2")]
    [TestCase("evaluate {head} --data {pictures} --network {plain}/ema.safetensors",
        "knows 7 classes (grey0, grey1, grey2, grey3, grey4, ...); the data have 2 (across, down)")]
    [TestCase("evaluate {head} --data {greys} --network {conditional}/ema.safetensors", "say with --label which")]
    [TestCase("evaluate {head} --data {unread} --network {plain}/ema.safetensors",
        "none of the 7 images to score could be read. 7 broken pictures were left out: ")]
    public Task Failures_are_one_sentence_and_leave_nothing(string line, string problem) =>
        folder.Fail(line.StartsWith("features", StringComparison.Ordinal) ? line + " --out {t}.safetensors" : line,
            problem);

    [Test]
    public async Task Features_of_a_conditional_network_are_read_as_a_class()
    {
        foreach (var label in (int[])[0, 1])
            await folder.Succeed("features --network {conditional}/ema.safetensors --data {pictures} --timesteps 20 "
                + $"--blocks 3 --label {label} --out {{as{label}}}.safetensors");
        using var first = FeatureTable.Open(folder["as0.safetensors"]);
        Assert.That(first.Header!.ClassLabel, Is.Zero);
        Assert.That(Work.Numbers(folder["as0.safetensors"]), Is.Not.EqualTo(Work.Numbers(folder["as1.safetensors"])));
    }

    [Test]
    public async Task Heads_are_compared_and_seeds_together()
    {
        foreach (var seed in (int[])[1, 2])
        {
            await folder.Succeed("train --features {f}.safetensors --lr 1e-2 --epochs 2 --validation 0.3 "
                + $"--seed {seed} --name {{many}}/seed{seed}");
            await folder.Succeed($"evaluate {{many}}/seed{seed} --features {{f}}.safetensors");
        }
        var (code, output, error) = await folder.Run("runs {many} --report {many}.html");
        Assert.That(code, Is.Zero, error);
        var lines = output.Split('\n');
        Assert.Multiple(() =>
        {
            Assert.That(lines[0], Does.Match("^run +method +features +labels +seed +epochs +held out +evaluated"));
            Assert.That(lines[1..3],
                Is.All.Match("^seed[12] +linear +f.safetensors +all +[12] +2 +[0-9.]+ % +[0-9.]+ %"));
            Assert.That(lines[3],
                Does.Match("^2 seeds of linear, f.safetensors: held out .* ± .* %; evaluated .* ± .* %"));
            Assert.That(File.ReadAllText(folder["many.html"]), Does.Contain("Mean and standard deviation"));
        });
    }

    [Test]
    public async Task Runs_that_are_damaged_are_named_and_the_others_listed()
    {
        foreach (var name in (string[])["whole", "cut", "short"])
        {
            Directory.CreateDirectory(folder[$"mixed/{name}"]);
            foreach (var file in (string[])["recipe.json", "best.safetensors"])
                File.Copy(folder[$"head/{file}"], folder[$"mixed/{name}/{file}"]);
        }
        Cut(folder["mixed/cut/best.safetensors"]);
        Cut(folder["mixed/short/recipe.json"]);
        Directory.CreateDirectory(folder["mixed/study"]);
        RecipeFile.Save(folder["mixed/study/recipe.json"], StudyRecipe.Small("a", "b", "c"), StudyRecipe.Json);
        var (_, output, error) = await folder.Succeed("runs {mixed}");
        Assert.That(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(2));
        Assert.That(output, Does.Contain("\nwhole "));
        Assert.That(error.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(2));
        Assert.That(error, Does.Contain($"left out: {folder["mixed/cut/best.safetensors"]}: byte ")
            .And.Contain($"left out: {folder["mixed/short/recipe.json"]}: line "));
        Directory.Delete(folder["mixed/whole"], recursive: true);
        var (code, _, why) = await folder.Run("runs {mixed}");
        Assert.That(code, Is.EqualTo(1));
        Assert.That(why, Does.Contain("has no run of a head that can be read"));

        static void Cut(string path)
        {
            using var file = File.OpenWrite(path);
            file.SetLength(file.Length / 2);
        }
    }

    [Test]
    public void A_report_of_training_names_data_and_network() => Assert.That(
        File.ReadAllText(folder["head/report.html"]),
        Does.Contain(folder["f.safetensors"]).And.Contain("ema.safetensors, frozen"));

    [Test]
    public async Task Feedback_and_a_fine_tuned_network_are_found_beside_the_head()
    {
        await folder.Succeed("train --data {pictures} --network {plain}/ema.safetensors --timesteps 20 --blocks 6 "
            + "--head diffeed --width 32 --heads 2 --layers 1 --pool 4 --lr 3e-3 --epochs 2 --batch 4 --microbatch 2 "
            + "--fine-tune --network-lr 2e-5 --name {fed}");
        await folder.Succeed("evaluate {fed} --data {pictures} --draws 2");
        Assert.That(File.Exists(folder["fed/best.network.safetensors"]));
        Assert.That(File.ReadAllText(folder["fed/report.html"]),
            Does.Contain("bottleneck").And.Contain("fine-tuned, learning rate 2e-05"));
        await folder.Succeed("features --network {plain}/ema.safetensors --data {pictures} --timesteps 20 --blocks 6 "
            + "--out {sixth}.safetensors");
        var (code, _, error) = await folder.Run("evaluate {fed} --features {sixth}.safetensors");
        Assert.That((code, error.Contains("trained with feedback", StringComparison.Ordinal)), Is.EqualTo((1, true)),
            error);
        File.Copy(folder["plain/ema.safetensors"], folder["fed/best.network.safetensors"], overwrite: true);
        await folder.Fail("evaluate {fed} --data {pictures}", "or the training was killed as it saved");
    }

    // Of the released scripts: images a step, at once, held out, and the rate.
    [TestCase("--head linear", 128, null, 0, 1e-2)]
    [TestCase("--head attention", 128, null, 0, 5e-2)]
    [TestCase("--head attention --norm batch", 128, 32, 0, 5e-2)]
    [TestCase("--head attention --norm batch --batch 12", 12, null, 0, 5e-2)]
    [TestCase("--head attention --feedback windowed", 16, 4, 0, 1e-2)]
    [TestCase("--head diffeed", 16, 4, 0, 1e-2)]
    [TestCase("--head diffeed --microbatch 8 --validation 0.3", 16, 8, 0.3, 1e-2)]
    public async Task The_release_recipe_is_that_of_the_released_scripts(
        string head, int batch, int? micro, double validation, double rate)
    {
        var small = head.Contains("linear", StringComparison.Ordinal) ? "" : " --width 8 --heads 2 --layers 1";
        await folder.Succeed("train --data {pictures} --network {plain}/ema.safetensors --timesteps 20 --blocks 6 "
            + $"--pool 2 --epochs 1 --recipe release {head}{small} --name {{released}}");
        var recipe = RecipeFile.Load(folder["released/recipe.json"], TrainRecipe.Json);
        Assert.That((recipe.Batch, recipe.Microbatch, recipe.Validation, recipe.Optimiser.LearningRate),
            Is.EqualTo((batch, micro, validation, (double?)rate)));
        Assert.That((recipe.Optimiser.Optimiser, recipe.Optimiser.RandomCrop), Is.EqualTo(("sgd", true)));
        Directory.Delete(folder["released"], recursive: true);
    }

    [TestCase("features --network {plain}/ema.safetensors --data {broken} --timesteps 20 --blocks 3 "
        + "--out {skip}.safetensors")]
    [TestCase("train --network {plain}/ema.safetensors --data {broken} --timesteps 20 --blocks 3 --epochs 1 --lr 1e-2 "
        + "--name {skip}")]
    [TestCase("pretrain --data {broken} --image-size 8 --channels 32 --channel-mult 1 --res-blocks 1 --steps 3 "
        + "--batch 4 --sample-every 0 --name {skippre}")]
    public async Task A_broken_picture_is_skipped_counted_and_named(string line) =>
        Assert.That((await folder.Succeed(line)).Error,
            Does.Contain("1 broken picture was left out: down/03.png (this is not a jpg, png, gif or bmp image)"));

    [TestCase("--features {f}.safetensors", "one draw for each image and timestep, the same in every epoch (seed 0)")]
    [TestCase("--features {three}.safetensors", "3 draws for each image and timestep, in training one after the other")]
    [TestCase("--network {plain}/ema.safetensors --data {pictures} --timesteps 20 --blocks 3", "drawn anew")]
    public async Task The_report_of_a_training_says_which_noise_the_features_carry(string from, string words)
    {
        if (from.Contains("three", StringComparison.Ordinal))
            await folder.Succeed("features --network {plain}/ema.safetensors --data {greys} --timesteps 20 --blocks 3 "
                + "--draws 3 --seed 5 --out {three}.safetensors");
        await folder.Succeed($"train {from} --lr 1e-2 --epochs 1 --validation 0.3 --name {{noisy}}");
        Assert.That(await File.ReadAllTextAsync(Path.Combine(folder["noisy"], "report.html")), Does.Contain(words));
        Directory.Delete(folder["noisy"], recursive: true);
    }

    [TestCase("--features {f}.safetensors", true)]
    [TestCase("--data {greys} --network {plain}/ema.safetensors", false)]
    public async Task Evaluation_prints_shares_with_intervals_and_draws_the_confusion(string from, bool isLearnt)
    {
        var report = folder["evaluation.html"];
        var (_, output, error) = await folder.Succeed($"evaluate {{head}} {from} --report {report}");
        Assert.That(error.Contains("note:", StringComparison.Ordinal), Is.EqualTo(isLearnt), error);
        Assert.That(error.Contains("the head learnt from these images", StringComparison.Ordinal),
            Is.EqualTo(isLearnt));
        Assert.That(output, Does.Match(@"top-1  \d+\.\d % \(\d+\.\d to \d+\.\d\), \d+ of 28"));
        Assert.That(output, Does.Match(@"top-5  \d+\.\d % \(\d+\.\d to \d+\.\d\), \d+ of 28"));
        Assert.That(output, Does.Match(@"mean of the classes  \d+\.\d %"));
        var page = await File.ReadAllTextAsync(report);
        Assert.That(page.Contains("<img src=\"data:image/svg+xml;", StringComparison.Ordinal),
            "the confusion's picture");
        for (var label = 0; label < Classes; label++)
        {
            Assert.That(output, Does.Match($@"(?m)^grey{label}  \d+\.\d % \(\d+\.\d to \d+\.\d\), \d of 4"));
            Assert.That(Regex.IsMatch(page, $@"<td>grey{label}</td><td[^>]*>4</td><td[^>]*>\d+\.\d %</td>"),
                $"grey{label}");
        }
        File.Delete(report);
    }

    [Test]
    public async Task Evaluation_with_another_network_of_the_same_shape_is_noted()
    {
        var (_, _, error) = await folder.Succeed(
            "evaluate {head} --data {greys} --network {conditional}/ema.safetensors --label 0");
        Assert.That(error, Does.Contain("note:").And.Contain("these features are of another file"));
    }

    // Four pictures of one grey, each a little lighter than the last.
    private static void Greys(string folder, int label)
    {
        Directory.CreateDirectory(folder);
        for (var i = 0; i < 4; i++)
        {
            var image = new Image(8, 8);
            image.Pixels.AsSpan().Fill((byte)(30 * label + 4 * i));
            PngWriter.Save(Path.Combine(folder, i.ToString(CultureInfo.InvariantCulture) + ".png"), image);
        }
    }
}
