using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

internal sealed class ImageListTests : DatasetFolder
{
    private static ImageDataset Open(string path, DatasetPart part = DatasetPart.Train) => Datasets.Open(path, part);

    [Test]
    public void A_csv_with_a_header_has_names_and_parts()
    {
        Put("a/1.png", "a/2, 3.png", "b/4.png", "b/5.png");
        Write("labels.csv", "label,split,path", "owl,train,a/1.png", "\"\"\"small\"\" cat\",test,\"a/2, 3.png\"",
            "owl,val,b/4.png");

        Assert.That((Ids(Train), Labels(Train)), Is.EqualTo((new[] { "a/1.png", "b/4.png" }, new[] { 1, 1 })));
        Assert.That((Ids(Test), Labels(Test)), Is.EqualTo((new[] { "a/2, 3.png" }, new[] { 0 })));
        Assert.That(Test.ClassNames, Is.EqualTo(new[] { "\"small\" cat", "owl" }));
        Assert.That(Datasets.HasTest(Folder["labels.csv"]), Is.True);
        Assert.That(Ids(Open(Folder["labels.csv"], DatasetPart.Test)), Is.EqualTo(new[] { "a/2, 3.png" }));
        Assert.That(Test.Load(0).Width, Is.EqualTo(3));
    }

    [Test]
    public void Validation_pictures_are_the_test_part_where_there_is_none()
    {
        Put("1.png", "2.png", "3.png");
        Write("train.txt", "1.png owl", "2.png cat");
        Write("val.txt", "3.png owl");

        Assert.That((Labels(Train), Labels(Test)), Is.EqualTo((new[] { 1, 0 }, new[] { 1 })));
        Write("test.txt", "1.png cat");
        Assert.That((Labels(Train), Labels(Test)), Is.EqualTo((new[] { 1, 0, 1 }, new[] { 0 })));
    }

    [Test]
    public void Numbers_are_classes_from_0_also_without_a_header()
    {
        Put("1.png", "2.png");
        Write("some.csv", "1.png,3", "2.png,0");

        var data = Open(Folder["some.csv"]);

        Assert.That((Labels(data), data.ClassNames), Is.EqualTo((new[] { 3, 0 }, new[] { "0", "1", "2", "3" })));
        Write("classes.txt", "ant", "bee", "cow", "dog");
        Assert.That((Labels(Open(Folder["some.csv"])), Open(Folder["some.csv"]).ClassNames[3]),
            Is.EqualTo((new[] { 3, 0 }, "dog")));
        Write("some.csv", "1.png,cow", "2.png,4");
        Fails(() => Open(Folder["some.csv"]), $"{Folder["some.csv"]}: line 2: a class goes from 0 to 3, found 4");
        Write("some.csv", "1.png,cat", "2.png,ant");
        Fails(() => Open(Folder["some.csv"]),
            $"{Folder["some.csv"]}: line 1: there is no class 'cat' in {Folder["classes.txt"]}");
    }

    [Test]
    public void Names_of_classes_may_be_numbers()
    {
        Put("1.png", "2.png");
        Write("classes.txt", "1", "2", "3");
        var list = Folder["some.csv"];

        Assert.That(Read("0", "2"), Is.EqualTo(new[] { 0, 2 }), "numbers, as 0 is no name");
        Assert.That(Read("1", "3"), Is.EqualTo(new[] { 0, 2 }), "names, as 3 is no number");
        Write("some.csv", "1.png,1", "2.png,2");
        Fails(() => Open(list), $"{list}: line 1: '1' is the name of a class in {Folder["classes.txt"]}, and the "
            + "number of another one there, '2': give the classes names that are no numbers");
        Write("classes.txt", "0", "1", "2");
        Assert.That(Read("1", "2"), Is.EqualTo(new[] { 1, 2 }), "the same either way");
        Write("classes.txt", "02", "01", "00");
        Assert.That(Read("01", "02"), Is.EqualTo(new[] { 1, 0 }), "names, as numbers are not written so");

        int[] Read(string first, string second)
        {
            Write("some.csv", $"1.png,{first}", $"2.png,{second}");
            return Labels(Open(list));
        }
    }

    [Test]
    public void Classes_of_one_name_are_known_by_number_only()
    {
        Put("1.png", "2.png", "3.png");
        Write("classes.txt", "crane", "", "owl", "crane");
        Write("some.csv", "1.png,2", "2.png,1", "3.png,0");

        var data = Open(Folder["some.csv"]);

        Assert.That((Labels(data), data.ClassNames),
            Is.EqualTo((new[] { 2, 1, 0 }, new[] { "crane", "owl", "crane" })));
        var cranes = new ClassSubset(data, ["crane"]);
        Assert.That((Ids(cranes), Labels(cranes), cranes.ClassNames),
            Is.EqualTo((new[] { "1.png", "3.png" }, new[] { 1, 0 }, new[] { "crane", "crane" })));
        Write("some.csv", "1.png,crane", "2.png,owl");
        Fails(() => Open(Folder["some.csv"]), $"{Folder["classes.txt"]}: line 4: 'crane' is in line 1 already");
    }

    [Test]
    public void A_list_of_paths_takes_classes_from_folders()
    {
        Put("b/1 x.png", "a/2.png", "a/3.png");
        Write("few.txt", "b/1 x.png", "", "a/2.png");

        var data = Open(Folder["few.txt"]);

        Assert.That((Ids(data), Labels(data)), Is.EqualTo((new[] { "b/1 x.png", "a/2.png" }, new[] { 1, 0 })));
        Assert.That(Datasets.HasTest(Folder["few.txt"]), Is.False);
        Fails(() => Open(Folder["few.txt"], DatasetPart.Test),
            $"{Folder["few.txt"]}: the list has no parts; name the list of the test pictures instead");
    }

    [Test]
    public void What_is_wrong_with_a_list_is_named_by_line()
    {
        Put("1.png", "2.png");
        string list = Folder["l.txt"], csv = Folder["l.csv"];
        Fails(() => Open(list), $"{list}: there is no such folder");
        Write("l.txt", "1.png 0", "9.png 1");
        Fails(() => Open(list), $"{list}: line 2: there is no file {Folder["9.png"]}");
        Write("l.txt", "1.png 0", "2.png");
        Fails(() => Open(list), $"{list}: line 2: some lines have a class, others have none");
        Write("l.txt", "1.png 0", "2 0");
        Fails(() => Open(list),
            $"{list}: line 2: a picture's path is expected, and perhaps a blank and its class, found '2 0'");
        Write("l.txt", "1.png 0", "2.png -1");
        Fails(() => Open(list), $"{list}: line 2: a class goes from 0 to 1000000, found -1");
        Write("l.txt");
        Fails(() => Open(list), $"{list}: the list is empty");
        Write("l.txt", "1.png");
        Fails(() => Open(list), $"{list}: line 1: 1.png has neither a class nor a folder that names it; FOLDER@LIST "
            + "takes the listed pictures out of a folder per class");
        Write("l.csv", "path,label,split", "1.png,0,train", "2.png,0");
        Fails(() => Open(csv), $"{csv}: line 3: 3 fields are expected, as in the first line, found 2");
        Write("l.csv", "path,label,split", "1.png,0,train", "2.png,0,night");
        Fails(() => Open(csv), $"{csv}: line 3: a part is train, val or test, found 'night'");
        Write("l.csv", "path,label", "1.png,\"0", "2.png,0");
        Fails(() => Open(csv), $"{csv}: line 2: a quote is not closed");
        Write("l.csv", "path,label", "1.png,", "2.png,0");
        Fails(() => Open(csv), $"{csv}: line 2: the picture's class is missing");
        Write("l.csv", "path,label,split", "1.png,0,train");
        Fails(() => Open(csv, DatasetPart.Test), $"{Folder.Path}: the annotations name no picture of this part");
        Fails(() => Open(Folder["1.png"]),
            $"{Folder["1.png"]}: a folder, or a list of pictures (.csv or .txt), is expected");
    }

    [Test]
    public void A_list_beside_a_folder_chooses_from_it()
    {
        Put("data/train/cat/c_1.png", "data/train/cat/c_2.png", "data/train/dog/d_1.png", "data/val/cat/c_3.png",
            "data/val/dog/d_3.png");
        Write("few.txt", "c_2.png", "d_1.png");
        Write("pairs.csv", "path,label", "train/dog/d_1.png,woof");
        var data = Folder["data"];

        Assert.That(Ids(Open($"{data}@{Folder["few.txt"]}")), Is.EqualTo(new[] { "cat/c_2.png", "dog/d_1.png" }));
        Assert.That(Open($"{data}@{Folder["few.txt"]}", DatasetPart.Test).Count, Is.EqualTo(2));
        var pairs = Open($"{data}@{Folder["pairs.csv"]}");
        Assert.That((Ids(pairs), pairs.ClassNames), Is.EqualTo((new[] { "train/dog/d_1.png" }, new[] { "woof" })));
        Assert.That(Open($"{data}@40%").Count, Is.EqualTo(2));
        Assert.That(Open($"{data}@100%:7").Count, Is.EqualTo(3));
        Assert.That(Open($"{data}@1%", DatasetPart.Test).Count, Is.EqualTo(2));
        Assert.That(DataSource.Any($"{data}@1%").Count, Is.EqualTo(2));
        Fails(() => Open($"{data}@0%"),
            $"{data}@0%: a share is a number above 0 and up to 100 with %, and perhaps : and a seed");
        Fails(() => Open($"{data}@nothing"), $"{data}@nothing: 'nothing' is no share (10%), no list file, and none of "
            + "imagenet50, imagenette, imagewoof");
    }

    [Test]
    public void A_folder_with_an_at_sign_and_class_folders_with_lists_stay_what_they_are()
    {
        Put("a@b/train/cat/1.png", "a@b/train/dog/1.png", "a@b/train/dog/2.png");
        Write("a@b/train.txt", "train/cat/1.png 0");

        Assert.That(Open(Folder["a@b"]).Count, Is.EqualTo(3));
    }
}
