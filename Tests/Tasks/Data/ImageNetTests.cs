using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

internal sealed class ImageNetTests : DatasetFolder
{
    private const string First = "ILSVRC2012_val_00000001.JPEG", Second = "ILSVRC2012_val_00000002.JPEG";
    private const string Kit = "ILSVRC2012_devkit_t12/data/", Truth = Kit + "ILSVRC2012_validation_ground_truth.txt";

    private void Flat(string below = "")
    {
        Put($"{below}train/n01440764/n01440764_1.png", $"{below}train/n01443537/n01443537_1.png",
            $"{below}train/n01443537/n01443537_2.png", $"{below}val/1.png", $"{below}val/2.png");
        File.Move(Folder[$"{below}val/1.png"], Folder[$"{below}val/{First}"]);
        File.Move(Folder[$"{below}val/2.png"], Folder[$"{below}val/{Second}"]);
    }

    [Test]
    public void A_flat_folder_is_labelled_by_the_solution()
    {
        Flat("ILSVRC/Data/CLS-LOC/");
        Write("LOC_val_solution.csv", "ImageId,PredictionString", "ILSVRC2012_val_00000002,n01440764 1 2 3 4 ",
            "ILSVRC2012_val_00000001,n01443537 1 2 3 4 n01443537 5 6 7 8 ");

        Assert.That((Ids(Test), Labels(Test)), Is.EqualTo((new[] { First, Second }, new[] { 1, 0 })));
        Assert.That((Labels(Train), Train.ClassNames),
            Is.EqualTo((new[] { 0, 1, 1 }, new[] { "n01440764", "n01443537" })));
        foreach (var part in new[] { "train", "val" })
            Directory.CreateDirectory(Folder[$"ILSVRC/Data/CLS-LOC/{part}/.ipynb_checkpoints"]);
        Assert.That((Labels(Test), Test.ClassNames), Is.EqualTo((new[] { 1, 0 }, Train.ClassNames)),
            "a folder without pictures is no class");
        Write("LOC_val_solution.csv", "ImageId,PredictionString", "ILSVRC2012_val_00000002,n01440765 1 2 3 4 ");
        Fails(() => Test, $"{Folder["LOC_val_solution.csv"]}: line 2: {Folder["ILSVRC/Data/CLS-LOC/train"]} has no "
            + "folder n01440765");
        Write("LOC_val_solution.csv", "ImageId,PredictionString", "ILSVRC2012_val_00000002");
        Fails(() => Test, $"{Folder["LOC_val_solution.csv"]}: line 2: a picture, a comma and a synset are expected, "
            + "found 'ILSVRC2012_val_00000002'");
    }

    [Test]
    public void A_flat_folder_is_labelled_by_the_development_kit_and_its_own_numbering()
    {
        Flat();
        Write(Truth, "1", "2");
        Fails(() => Test, $"{Folder[Kit + "meta.mat"]}: there is no such file");
        new MatWriter().Add(MatWriter.Struct("synsets", ["ILSVRC2012_ID", "WNID"], [1, "n01443537"], [2, "n01440764"]))
            .Save(Folder[Kit + "meta.mat"]);

        Assert.That((Ids(Test), Labels(Test)), Is.EqualTo((new[] { First, Second }, new[] { 1, 0 })));
        Assert.That(Datasets.HasTest(Folder.Path), Is.True);
        Write(Truth, "1", "2", "3");
        Fails(() => Test, $"{Folder[Truth]}: line 3: a class goes from 1 to 2, "
            + "found 3");
        Write(Truth, "1", "2", "1");
        Fails(() => Test, $"{Folder[Truth]}: line 3: there is no file "
            + Folder["val/ILSVRC2012_val_00000003.JPEG"]);
        Directory.Delete(Folder["train"], recursive: true);
        Fails(() => Train, $"{Folder["train"]}: there is no such folder");
    }

    [Test]
    public void Named_and_listed_classes_are_counted_anew()
    {
        string[] classes = ["n01440764", "n01601694", .. ImageNetSubsets.Find("imagewoof")!];
        foreach (var part in new[] { "train", "val" })
            foreach (var synset in classes) Put($"{part}/{synset}/1.png");

        var woof = Datasets.Open(Folder.Path + "@imagewoof", DatasetPart.Test);

        Assert.That(woof.ClassNames, Is.EqualTo(ImageNetSubsets.Find("imagewoof")));
        Assert.That(Labels(woof), Is.EqualTo(Enumerable.Range(0, 10)));
        Assert.That((Ids(woof)[0], woof.Load(0).Width), Is.EqualTo(("n02086240/1.png", 3)));
        Assert.That(Datasets.HasTest(Folder.Path + "@imagewoof"), Is.True);
        Fails(() => Datasets.Open(Folder.Path + "@imagenet50", DatasetPart.Train),
            "the data have no class 'n01669191' among their 12");
        Write("two.txt", "n02086240 Shih-Tzu", "", "n01440764");
        var two = Datasets.Open(Folder.Path + "@two.txt", DatasetPart.Train);
        Assert.That(two.ClassNames, Is.EqualTo(new[] { "n01440764", "n02086240" }));
        Assert.That(Labels(two), Is.EqualTo(new[] { 0, 1 }));
        Write("two.txt", "n02086240", "n99");
        Fails(() => Datasets.Open(Folder.Path + "@two.txt", DatasetPart.Train),
            $"{Folder["two.txt"]}: line 2: the data have no class 'n99'");
    }

    [Test]
    public void Named_subsets_are_sorted_and_have_their_number_of_classes()
    {
        Assert.That(ImageNetSubsets.Names.Select(name => ImageNetSubsets.Find(name)!.Count),
            Is.EqualTo(new[] { 50, 10, 10 }));
        foreach (var name in ImageNetSubsets.Names)
            Assert.That(ImageNetSubsets.Find(name), Is.Ordered.And.Unique.And.All.Match("^n[0-9]{8}$"));
        Assert.That(ImageNetSubsets.Find("imagenet51"), Is.Null);
    }
}
