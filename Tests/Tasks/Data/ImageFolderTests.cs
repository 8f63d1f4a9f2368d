using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class ImageFolderTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    private void Put(params string[] names)
    {
        foreach (var name in names) PngWriter.Save(folder[name], Pictures.Pattern(3, 2));
    }

    [Test]
    public void Pictures_are_sorted_by_name_and_labelled_by_folder()
    {
        Put("b/2.png", "b/10.PNG", "a/x.jpeg", "Z/1.GIF", "a/B.jpg", "a/b.bmp");
        File.WriteAllText(folder["a/notes.txt"], "");
        File.WriteAllText(folder["README"], "");

        var data = ImageFolder.Open(folder.Path);

        Assert.That(data.ClassNames, Is.EqualTo(new[] { "Z", "a", "b" }));
        Assert.That(Enumerable.Range(0, data.Count).Select(data.Id),
            Is.EqualTo(new[] { "Z/1.GIF", "a/B.jpg", "a/b.bmp", "a/x.jpeg", "b/10.PNG", "b/2.png" }));
        Assert.That(Enumerable.Range(0, data.Count).Select(data.Label), Is.EqualTo(new[] { 0, 1, 1, 1, 2, 2 }));
        Assert.That(data[4].Image.Pixels, Is.EqualTo(Pictures.Pattern(3, 2).Pixels));
        Assert.That((data[4].Label, data[4].Id), Is.EqualTo((2, "b/10.PNG")));
    }

    [Test]
    public void The_label_is_the_last_folder_at_any_depth()
    {
        Put("one/cat/1.png", "one/dog/1.png", "two/cat/2.png");

        var data = ImageFolder.Open(folder.Path);

        Assert.That(data.ClassNames, Is.EqualTo(new[] { "cat", "dog" }));
        Assert.That(Enumerable.Range(0, 3).Select(data.Label), Is.EqualTo(new[] { 0, 1, 0 }));
    }

    [Test]
    public void A_flat_folder_opens_without_labels()
    {
        Put("2.png", "1.png", "more/3.png");

        var data = ImageFolder.OpenUnlabelled(folder.Path);

        Assert.That((data.Count, data.IsLabelled, data.Label(0)), Is.EqualTo((3, false, ImageDataset.Unlabelled)));
        Assert.That(data.Id(0), Is.EqualTo("1.png"));
    }

    [Test]
    public void What_cannot_be_worked_with_is_one_clear_sentence()
    {
        Assert.That(() => ImageFolder.Open(folder["absent"]), Throws.TypeOf<DatasetException>()
            .With.Message.EqualTo($"{folder["absent"]}: there is no such folder"));
        Assert.That(() => ImageFolder.Open(folder.Path), Throws.TypeOf<DatasetException>()
            .With.Message.EqualTo($"{folder.Path}: no picture (jpg, jpeg, png, bmp, gif) in this folder or below"));
        Put("cat/1.png", "cat/2.png");
        Assert.That(() => ImageFolder.Open(folder.Path), Throws.TypeOf<DatasetException>()
            .With.Message.Contains("found 2 pictures of the only class 'cat'"));
        Put("dog/1.png", "preview.png");
        Assert.That(() => ImageFolder.Open(folder.Path), Throws.TypeOf<DatasetException>()
            .With.Message.Contains("preview.png"));
    }

    [Test]
    public void A_link_that_leads_back_up_is_found()
    {
        Put("cat/1.png", "dog/1.png");
        Directory.CreateSymbolicLink(folder["dog/again"], folder.Path);

        Assert.That(() => ImageFolder.Open(folder.Path), Throws.TypeOf<DatasetException>()
            .With.Message.Contains("does a link lead back up?"));
    }

    [Test]
    public void The_kind_of_a_folder_is_found_out()
    {
        Put("train/cat/1.png", "train/dog/1.png", "val/cat/2.png", "val/dog/2.png", "val/dog/3.png");

        Assert.That(Datasets.Open(folder.Path, DatasetPart.Train).Count, Is.EqualTo(2));
        Assert.That(Datasets.Open(folder.Path, DatasetPart.Test).Count, Is.EqualTo(3));
        Assert.That(Datasets.HasTest(folder.Path), Is.True);
        Assert.That(Datasets.Open(folder["val"], DatasetPart.Train).Count, Is.EqualTo(3));
        Assert.That(() => Datasets.Open(folder["val"], DatasetPart.Test), Throws.TypeOf<DatasetException>());
        Assert.That(Datasets.HasTest(folder["val"]), Is.False);
    }

    [Test]
    public void Of_three_parts_two_are_learned_from([Values("val", "validation", "valid")] string held)
    {
        Put("train/cat/1.png", "train/dog/1.png", $"{held}/cat/1.png", $"{held}/dog/2.png", "test/cat/1.png",
            "test/dog/1.png", "test/dog/9.png");

        var train = Datasets.Open(folder.Path, DatasetPart.Train);

        Assert.That(Enumerable.Range(0, train.Count).Select(train.Id),
            Is.EqualTo(new[] { "cat/1.png", "dog/1.png", $"{held}/cat/1.png", $"{held}/dog/2.png" }));
        Assert.That(Enumerable.Range(0, train.Count).Select(train.Label), Is.EqualTo(new[] { 0, 1, 0, 1 }));
        Assert.That((train.ClassNames, train.Load(3).Width), Is.EqualTo((new[] { "cat", "dog" }, 3)));
        Assert.That(Datasets.Open(folder.Path, DatasetPart.Test).Count, Is.EqualTo(3));
        Assert.That(Datasets.HasTest(folder.Path), Is.True);

        Put($"train/{held}/cat/1.png");
        Assert.That(() => Datasets.Open(folder.Path, DatasetPart.Train), Throws.TypeOf<DatasetException>()
            .With.Message.EqualTo($"two pictures to learn from are called {held}/cat/1.png"));
        Put($"{held}/owl/1.png");
        foreach (var open in (Func<string, DatasetPart, ImageDataset>[])[DataSource.Labelled, DataSource.Any])
            Assert.That(() => open(folder.Path, DatasetPart.Train), Throws.TypeOf<DiffractException>()
                .With.Message.StartsWith($"{folder["train"]} has no class 'owl': "));
    }

    [Test]
    public void A_test_folder_without_classes_changes_nothing()
    {
        Put("train/cat/1.png", "train/dog/1.png", "val/cat/1.png", "val/dog/2.png", "test/1.png", "test/images/2.png");
        Directory.CreateDirectory(folder["test/empty"]);

        Assert.That(Datasets.Open(folder.Path, DatasetPart.Train).Count, Is.EqualTo(2));
        Assert.That(Datasets.Open(folder.Path, DatasetPart.Test).Id(1), Is.EqualTo("dog/2.png"));
    }

    [Test]
    public void Train_can_also_be_the_name_of_a_class()
    {
        Put("car/1.png", "train/1.png");

        Assert.That(Datasets.Open(folder.Path, DatasetPart.Train).ClassNames, Is.EqualTo(new[] { "car", "train" }));
    }
}
