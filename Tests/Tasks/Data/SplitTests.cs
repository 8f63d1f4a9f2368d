using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class SplitTests
{
    [Test]
    public void Every_class_gives_its_share()
    {
        var (train, validation) = Split.Stratified(new FakeDataset(103, classes: 5), 0.2, seed: 1);

        Assert.That(train.Indices.Concat(validation.Indices), Is.EquivalentTo(Enumerable.Range(0, 103)));
        Assert.That(validation.Indices.CountBy(index => index % 5).Select(pair => pair.Value), Is.All.EqualTo(4));
        Assert.That(validation.Indices, Is.Ordered);
        Assert.That(validation.Label(0), Is.EqualTo(validation.Indices[0] % 5));
        Assert.That(validation.Id(0), Is.EqualTo($"picture-{validation.Indices[0]}"));
        Assert.That(validation.Load(0).Pixels[0], Is.EqualTo((byte)validation.Indices[0]));
    }

    [Test]
    public void The_seed_alone_decides()
    {
        var data = new FakeDataset(60, classes: 3);

        var first = Split.Stratified(data, 0.3, seed: 1).Validation.Indices;

        Assert.That(Split.Stratified(data, 0.3, seed: 1).Validation.Indices, Is.EqualTo(first));
        Assert.That(Split.Stratified(data, 0.3, seed: 2).Validation.Indices, Is.Not.EqualTo(first));
    }

    [Test]
    public void Small_classes_keep_at_least_one_on_both_sides()
    {
        var (train, validation) = Split.Stratified(new FakeDataset(6, classes: 3), 0.01, seed: 1);

        Assert.That((train.Count, validation.Count), Is.EqualTo((3, 3)));
        Assert.That(() => Split.Stratified(new FakeDataset(5, classes: 3), 0.5, 1),
            Throws.TypeOf<DatasetException>().With.Message.Contains("'class 2' has a single picture"));
        Assert.That(() => Split.Stratified(new FakeDataset(6), 1, 1), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_fixed_number_per_class_grows_with_the_number()
    {
        var data = new FakeDataset(40, classes: 4);

        var (two, five) = (Split.PerClass(data, 2, seed: 3), Split.PerClass(data, 5, seed: 3));

        Assert.That(five.Indices.CountBy(index => index % 4).Select(pair => pair.Value), Is.All.EqualTo(5));
        Assert.That(two.Indices, Is.SubsetOf(five.Indices));
        Assert.That(() => Split.PerClass(data, 11, 3), Throws.TypeOf<DatasetException>()
            .With.Message.EqualTo("class 'class 0' has 10 pictures, 11 are asked for"));
    }

    [Test]
    public void A_share_is_balanced_rounded_down_and_grows_with_the_share()
    {
        var data = new FakeDataset(129, classes: 10);

        var shares = new[] { 0.01, 0.1, 0.29, 0.5, 1 }.Select(share => Split.Fraction(data, share, seed: 3)).ToArray();

        // At least one of every class; 12.9, 37.41 and 64.5 are rounded down.
        Assert.That(shares.Select(part => part.Count), Is.EqualTo(new[] { 10, 12, 37, 64, 129 }));
        foreach (var part in shares.Take(4))
        {
            var counts = part.Indices.CountBy(index => index % 10).Select(pair => pair.Value).ToArray();
            Assert.That((counts.Length, counts.Max() - counts.Min()), Is.EqualTo((10, part.Count % 10 == 0 ? 0 : 1)));
            Assert.That(part.Indices, Is.Ordered);
        }
        for (var i = 1; i < shares.Length; i++)
            Assert.That(shares[i - 1].Indices, Is.SubsetOf(shares[i].Indices));
        Assert.That(Split.Fraction(data, 0.1, seed: 3).Indices, Is.EqualTo(shares[1].Indices));
        Assert.That(Split.Fraction(data, 0.1, seed: 4).Indices, Is.Not.EqualTo(shares[1].Indices));
        Assert.That(Split.Fraction(new FakeDataset(100), 0.29, 1).Count, Is.EqualTo(29));
        Assert.That(() => Split.Fraction(data, 0, 1), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Shards_are_disjoint_and_together_the_whole()
    {
        var shards = Enumerable.Range(0, 3).SelectMany(rank => Split.Shard(new FakeDataset(11), rank, 3).Indices);

        Assert.That(shards, Is.EquivalentTo(Enumerable.Range(0, 11)));
        Assert.That(() => Split.Shard(new FakeDataset(11), 3, 3), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_list_of_names_chooses()
    {
        using var folder = new TemporaryFolder();
        foreach (var path in new[] { "cat/1.png", "cat/2.png", "dog/1.png", "dog/3.png" })
            PngWriter.Save(folder["data/" + path], Pictures.Pattern(2, 2));
        var data = ImageFolder.Open(folder["data"]);
        File.WriteAllText(folder["list.txt"], "dog/1.png\n2.png\n\n 3.png \n");

        var listed = Split.FromList(data, folder["list.txt"]);

        Assert.That(listed.Indices.Select(data.Id), Is.EqualTo(new[] { "cat/2.png", "dog/1.png", "dog/3.png" }));
        File.WriteAllText(folder["list.txt"], "2.png\n9.png");
        Assert.That(() => Split.FromList(data, folder["list.txt"]),
            Throws.TypeOf<DatasetException>().With.Message.Contains("line 2: the data set has no picture '9.png'"));
        File.WriteAllText(folder["list.txt"], "1.png");
        Assert.That(() => Split.FromList(data, folder["list.txt"]),
            Throws.TypeOf<DatasetException>().With.Message.Contains("name its folder too"));
    }

    [Test]
    public void Labels_are_needed()
    {
        using var folder = new TemporaryFolder();
        PngWriter.Save(folder["1.png"], Pictures.Pattern(2, 2));

        Assert.That(() => Split.PerClass(ImageFolder.OpenUnlabelled(folder.Path), 1, 0),
            Throws.TypeOf<DatasetException>().With.Message.Contains("no labels"));
    }
}
