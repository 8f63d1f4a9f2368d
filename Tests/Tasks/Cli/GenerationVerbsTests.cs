using System.Text.Json;
using Diffract.Engine;
using Diffract.Model;
using Diffract.Tasks;
using Diffract.Tests.Model;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>What <c>evaluate-generation</c> and <c>likelihood</c> print, write and refuse.</summary>
internal sealed class GenerationVerbsTests
{
    private const string Compare = "evaluate-generation --real {pictures} --generated {others} "
        + "--network {network}/ema.safetensors --name {t}";

    private const string Files = "evaluate-generation --real {real}.safetensors --generated {made}.safetensors "
        + "--name {t}";

    private TemporaryFolder folder = null!;

    [OneTimeSetUp]
    public async Task Make()
    {
        folder = new TemporaryFolder();
        Work.Network(folder.Path);
        // The first four of each class of the real ones again.
        Work.Folder(folder["others"], perClass: 4);
        Work.Folder(folder["larger"], perClass: 4, size: 12);
        const string extract = "features --network {network}/ema.safetensors --timesteps 10,90 --blocks 3,5 --data ";
        await folder.Succeed(extract + "{pictures} --out {real}.safetensors");
        await folder.Succeed(extract + "{others} --out {made}.safetensors");
        await folder.Succeed(extract + "{others} --image-size 16 --out {large}.safetensors");
        using var inception = new InceptionV3();
        var state = InceptionWeights.Of(inception);
        TensorFile.Save(folder["inception.safetensors"], state);
        foreach (var tensor in state.Values) tensor.Dispose();
    }

    [OneTimeTearDown]
    public void Remove() => folder.Dispose();

    [TestCase("evaluate-generation --generated {others} --name {t}", "--real is needed: ")]
    [TestCase("evaluate-generation --real {pictures} --name {t}", "--generated is needed: ")]
    [TestCase("evaluate-generation --real {absent} --generated {others} --name {t}", "absent: no such images, nor")]
    [TestCase("evaluate-generation --real {pictures} --generated {others} --name {t}",
        "pictures has images: --network or --inception is needed to read them")]
    [TestCase(Compare, "k 3 needs at least 8 real images and 4 generated ones, found 4 and 4", "--images 4")]
    [TestCase(Compare, "k 8 needs at least 18 real images and 9 generated ones, found 12 and 8", "--k 8")]
    [TestCase(Compare, "--k is a whole number from 1, not '0'", "--k 0")]
    [TestCase(Compare, "--subset-size is a whole number from 2, not '1'", "--subset-size 1")]
    [TestCase(Compare, "the network knows timesteps 0 to 999, found 1000", "--timestep 1000")]
    [TestCase(Compare, "the network has blocks 1 to 9, found block 10", "--block 10")]
    [TestCase(Compare, "is an unconditional network: it takes no --label", "--label 1")]
    [TestCase(Compare, "--inception and --network do not go together", "--inception {inception}.safetensors")]
    [TestCase(Files, "real.safetensors has features of t 10, 90; b 3, 5: choose one with --timestep and --block")]
    [TestCase(Files, "real.safetensors has no features of block 4", "--timestep 10 --block 4")]
    [TestCase(Files, "both have features already: leave --network out", "--network {network}/ema.safetensors")]
    [TestCase("evaluate-generation --real {real}.safetensors --generated {large}.safetensors --name {t} --timestep 10 "
        + "--block 3", "the network read real images of 8 pixels and generated ones of 16")]
    [TestCase("evaluate-generation --real {pictures} --generated {others} --name {t} "
        + "--inception {network}/ema.safetensors", "the state dict does not fit InceptionV3")]
    [TestCase("evaluate-generation --real {pictures} --generated {larger} --name {t} "
        + "--inception {inception}.safetensors", "across/00.png is 12x12, and the first real image is 8 wide: give "
        + "--image-size N")]
    [TestCase("evaluate-generation --real {real}.safetensors --generated {others} --name {t} "
        + "--inception {inception}.safetensors", "no such images; the Inception network reads nothing else")]
    [TestCase("likelihood --network {network}/ema.safetensors --name {t}", "--data is needed: ")]
    [TestCase("likelihood --data {pictures} --name {t}", "--network is needed: ")]
    [TestCase("likelihood --data {absent} --network {network}/ema.safetensors --name {t}", "there is no such folder")]
    [TestCase("likelihood --data {pictures} --network {network}/ema.safetensors --images 1 --name {t}",
        "a mean and its error take 2 images, found 1")]
    [TestCase("likelihood --data {pictures} --network {network}/ema.safetensors --label 1 --name {t}",
        "is an unconditional network: it takes no --label")]
    [TestCase("likelihood --resume {network}", "is no run that diffract likelihood can go on with")]
    public Task Failures_are_one_sentence_and_leave_nothing(string line, string problem, string more = "") =>
        folder.Fail(more.Length > 0 ? $"{line} {more}" : line, problem);

    [Test]
    public async Task Images_are_compared_as_their_feature_files_are()
    {
        var (_, output, error) = await folder.Succeed(Compare.Replace("{t}", "{images}", StringComparison.Ordinal)
            + " --k 2 --subsets 5 --subset-size 3 --block 3 --batch 8");
        Assert.That(output, Does.Match(@"images +8 with 12 real +6 with 6 real"));
        Assert.That(output, Does.Match(@"Frechet distance on ema.safetensors, t 10, block 3 +\d.*"));
        Assert.That(output, Does.Match(@"(?s)  subsets +5 of 3.*precision, k 2 .*8 of 8.*recall, k 2 .* of 12"));
        Assert.That(output, Does.Not.Contain("FID"));
        Assert.That(error, Does.Contain("note: 8 images are too few for the covariance of 32 features"));
        Assert.That(error, Does.Contain("note: the baseline compares 6 real images with 6 others, fewer than the 8"));
        var result = Read("images");
        var nearest = result.GetProperty("nearest");
        Assert.That(nearest.GetArrayLength(), Is.EqualTo(8));
        // Each is a copy of a real one, read with the noise of another number.
        Assert.That(nearest[0].GetProperty("near").GetArrayLength(), Is.EqualTo(2));
        foreach (var row in nearest.EnumerateArray())
            Assert.That(row.GetProperty("near")[0].GetProperty("image").GetString()![..4],
                Is.EqualTo(row.GetProperty("image").GetString()![..4]), "across is near across, and down near down");
        foreach (var file in (string[])["neighbours.png", "report.html", "recipe.json"])
            Assert.That(new FileInfo(At("images", file)).Length, Is.GreaterThan(400), file);
        Assert.That(ImageFile.Read(At("images", "neighbours.png")).Height, Is.GreaterThan(8 * 64));

        await folder.Succeed(Files.Replace("{t}", "{files}", StringComparison.Ordinal)
            + " --k 2 --subsets 5 --subset-size 3 --timestep 10 --block 3");
        Assert.That(Read("files").GetRawText(), Is.EqualTo(result.GetRawText()));
        Assert.That(File.Exists(At("files", "neighbours.png")), Is.False, "there are no images to draw");
    }

    [Test]
    public async Task The_same_images_are_no_distance_apart()
    {
        await folder.Succeed("evaluate-generation --real {pictures} --generated {pictures} --k 1 --name {same} "
            + "--network {network}/ema.safetensors");
        var score = Read("same").GetProperty("generated");
        Assert.That(score.GetProperty("frechet").GetDouble(), Is.Zero.Within(1e-6));
        Assert.That(score.GetProperty("nearest").GetDouble(), Is.Zero.Within(1e-6));
        Assert.That(score.GetProperty("precision").GetProperty("value").GetDouble(), Is.EqualTo(1));
        Assert.That(score.GetProperty("recall").GetProperty("value").GetDouble(), Is.EqualTo(1));
        Assert.That(File.ReadAllText(At("same", "recipe.json")), Does.Contain("\"blocks\": [\n      5\n    ]"),
            "the middle block of 9");
    }

    [Test]
    public async Task With_the_Inception_network_the_distance_is_called_FID()
    {
        const string line = "evaluate-generation --real {pictures} --generated {larger} --image-size 8 --k 1 "
            + "--images 4 --subsets 2 --inception {inception}.safetensors --name ";
        var (_, output, error) = await folder.Succeed(line + "{fid}");
        Assert.That(output, Does.Match(@"(?s)FID +\d.*kernel distance \(KID\).*nearest real images: "));
        Assert.That(output, Does.Not.Contain("Frechet"));
        Assert.That(error, Does.Contain("4 images are too few for the covariance of 2048 features"));
        Assert.That(Read("fid").GetProperty("features").GetInt32(), Is.EqualTo(2048));
    }

    [Test]
    public async Task A_likelihood_has_parts_and_goes_on_where_it_was()
    {
        const string line = "likelihood --data {others} --network {network}/ema.safetensors --images 3 --batch 2 "
            + "--name ";
        var (_, output, _) = await folder.Succeed(line + "{bits}");
        Assert.That(output, Does.Match(@"(?s)^\d+\.\d{4} ± \d+\.\d{4} bits per dimension, mean and standard error of 3 "
            + @"images.*t 0, the image's bytes +\d.*t 100 to 999 +\d.*prior +\d.*report: "));
        foreach (var file in (string[])["bits.svg", "mse.svg", "report.html"])
            Assert.That(new FileInfo(At("bits", file)).Length, Is.GreaterThan(1000), file);
        var result = Read("bits").GetRawText();
        File.Delete(At("bits", "result.json"));
        var again = await folder.Succeed("likelihood --resume {bits}");
        Assert.That(again.Output, Is.EqualTo(output));
        Assert.That(again.Error, Does.Contain("going on after 3 of 3 images"));
        Assert.That(Read("bits").GetRawText(), Is.EqualTo(result));
    }

    private string At(string run, string file) => Path.Combine(folder[run], file);

    private JsonElement Read(string run) =>
        JsonDocument.Parse(File.ReadAllText(At(run, "result.json"))).RootElement.Clone();
}
