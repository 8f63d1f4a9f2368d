using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>The published data sets of birds, aircraft, cars, dogs and flowers, each as a few pictures.</summary>
internal sealed class FineGrainedTests : DatasetFolder
{
    private void Cub()
    {
        Put("images/001.Albatross/a 1.png", "images/001.Albatross/a_2.png", "images/002.Auk/b_1.png",
            "images/002.Auk/b_2.png");
        Write("images.txt", "1 001.Albatross/a 1.png", "2 001.Albatross/a_2.png", "3 002.Auk/b_1.png",
            "4 002.Auk/b_2.png");
        Write("image_class_labels.txt", "1 1", "2 1", "3 2", "4 2");
        Write("train_test_split.txt", "1 1", "2 0", "3 1", "4 1");
        Write("classes.txt", "1 001.Albatross", "2 002.Auk");
    }

    [Test]
    public void Cub_has_its_own_parts_and_names()
    {
        Cub();

        Assert.That(Ids(Train), Is.EqualTo(new[]
            { "images/001.Albatross/a 1.png", "images/002.Auk/b_1.png", "images/002.Auk/b_2.png" }));
        Assert.That(Labels(Train), Is.EqualTo(new[] { 0, 1, 1 }));
        Assert.That(Ids(Test), Is.EqualTo(new[] { "images/001.Albatross/a_2.png" }));
        Assert.That(Test.ClassNames, Is.EqualTo(new[] { "001.Albatross", "002.Auk" }));
        Assert.That(Train.Load(0).Pixels, Is.EqualTo(Pictures.Pattern(3, 2).Pixels));
        Assert.That(Datasets.HasTest(Folder.Path), Is.True);
        Assert.That(DataSource.Any(Folder.Path).IsLabelled, Is.True);
    }

    [Test]
    public void Nabirds_counts_the_classes_that_pictures_have()
    {
        Put("images/0817/0001.png", "images/0295/0002.png", "images/0817/0003.png");
        Write("images.txt", "00-a 0817/0001.png", "00-b 0295/0002.png", "00-c 0817/0003.png");
        Write("image_class_labels.txt", "00-a 817", "00-b 295", "00-c 817");
        Write("train_test_split.txt", "00-a 1", "00-b 1", "00-c 0");
        Write("classes.txt", "0 Birds", "817 Oak Titmouse", "295 Common Eider (Adult male)", "1010 Nobody");

        Assert.That(Train.ClassNames, Is.EqualTo(new[] { "Common Eider (Adult male)", "Oak Titmouse" }));
        Assert.That((Labels(Train), Labels(Test)), Is.EqualTo((new[] { 1, 0 }, new[] { 1 })));
    }

    [Test]
    public void What_is_wrong_with_tables_of_birds_is_named_by_file_and_line()
    {
        Cub();
        Write("image_class_labels.txt", "1 1", "2 1", "3 3", "4 2");
        Fails(() => Train, $"{Folder["image_class_labels.txt"]}: line 3: there is no class '3' in classes.txt");
        Write("image_class_labels.txt", "1 1", "2", "3 2", "4 2");
        Fails(() => Train, $"{Folder["image_class_labels.txt"]}: line 2: a key and a value are expected, found '2'");
        Write("image_class_labels.txt", "1 1", "2 1", "2 2", "4 2");
        Fails(() => Train, $"{Folder["image_class_labels.txt"]}: line 3: '2' is there twice");
        Write("image_class_labels.txt", "1 1", "2 1", "3 2");
        Fails(() => Train, $"{Folder["images.txt"]}: line 4: picture '4' is not in image_class_labels.txt");
        Cub();
        Write("train_test_split.txt", "1 1", "2 0", "3 5", "4 1");
        Fails(() => Train,
            $"{Folder["train_test_split.txt"]}: line 3: the part of a picture goes from 0 to 1, found 5");
        Cub();
        File.Delete(Folder["images/002.Auk/b_1.png"]);
        Fails(() => Train,
            $"{Folder["images.txt"]}: line 3: there is no file {Folder["images/002.Auk/b_1.png"]}");
        Assert.That(Test.Count, Is.EqualTo(1));
        File.Delete(Folder["classes.txt"]);
        Fails(() => Test, $"{Folder["classes.txt"]}: there is no such file");
        Fails(() => DataSource.Any(Folder.Path), $"{Folder["classes.txt"]}: there is no such file");
    }

    [Test]
    public void Aircraft_are_learned_by_variant_from_both_training_lists()
    {
        foreach (var id in new[] { "0000001", "0000002", "0000003" }) Jpg($"data/images/{id}.jpg");
        Write("data/variants.txt", "Cessna 525", "707-320", "A300B4");
        Write("data/images_variant_train.txt", "0000003 Cessna 525");
        Write("data/images_variant_val.txt", "0000001 707-320");
        Write("data/images_variant_test.txt", "0000002 707-320");

        Assert.That((Ids(Train), Labels(Train)), Is.EqualTo(
            (new[] { "images/0000003.jpg", "images/0000001.jpg" }, new[] { 0, 1 })));
        Write("data/images_variant_trainval.txt", "0000001 707-320", "0000003 Cessna 525");
        Assert.That(Ids(Train), Is.EqualTo(new[] { "images/0000001.jpg", "images/0000003.jpg" }));
        var test = Datasets.Open(Folder["data"], DatasetPart.Test);
        Assert.That((Ids(test), Labels(test)), Is.EqualTo((new[] { "images/0000002.jpg" }, new[] { 1 })));
        Assert.That(test.ClassNames, Is.EqualTo(new[] { "Cessna 525", "707-320", "A300B4" }));

        Write("data/images_variant_test.txt", "", "0000002 707-321");
        Fails(() => Test, $"{Folder["data/images_variant_test.txt"]}: line 2: there is no variant '707-321' in "
            + "variants.txt");
        Write("data/variants.txt", "Cessna 525", "707-320", "Cessna 525");
        Fails(() => Train, $"{Folder["data/variants.txt"]}: line 3: 'Cessna 525' is in line 1 already");
        File.Delete(Folder["data/variants.txt"]);
        Fails(() => Train, $"{Folder["data/variants.txt"]}: there is no such file");
    }

    [Test]
    public void Cars_are_read_from_both_arrangements()
    {
        Put("cars_train/00001.png", "cars_train/00002.png", "cars_test/cars_test/00001.png");
        string[] fields = ["bbox_x1", "class", "fname"];
        new MatWriter().Add(MatWriter.Cells("class_names", "AM General", "Acura RL"))
            .Save(Folder["devkit/cars_meta.mat"]);
        new MatWriter().Add(MatWriter.Struct("annotations", fields, [300, 2, "00001.png"], [5, 1, "00002.png"]))
            .Save(Folder["devkit/cars_train_annos.mat"]);
        new MatWriter().Add(MatWriter.Struct("annotations", fields, [300, 1, "00001.png"]), packed: false)
            .Save(Folder["cars_test_annos_withlabels.mat"]);

        Assert.That((Ids(Train), Labels(Train)), Is.EqualTo(
            (new[] { "cars_train/00001.png", "cars_train/00002.png" }, new[] { 1, 0 })));
        Assert.That((Ids(Test), Labels(Test)), Is.EqualTo(
            (new[] { "cars_test/cars_test/00001.png" }, new[] { 0 })));
        Assert.That(Test.ClassNames, Is.EqualTo(new[] { "AM General", "Acura RL" }));

        new MatWriter().Add(MatWriter.Struct("annotations", fields, [1, 2, "00001.png"], [5, 3, "00002.png"]))
            .Save(Folder["devkit/cars_train_annos.mat"]);
        Fails(() => Train, $"{Folder["devkit/cars_train_annos.mat"]}: entry 2: a class goes from 1 to 2, found 3");
        File.Delete(Folder["cars_test_annos_withlabels.mat"]);
        Fails(() => Test, $"{Folder["devkit/cars_test_annos_withlabels.mat"]}: there is no such file");

        new MatWriter().Add(MatWriter.Struct("annotations", fields, [1, 2, "00001.png"], [5, 1, "00002.png"]))
            .Save(Folder["devkit/cars_train_annos.mat"]);
        new MatWriter().Add(MatWriter.Cells("class_names", "AM General", "Acura RL"))
            .Add(MatWriter.Struct("annotations", ["relative_im_path", "class", "test"],
                ["car_ims/000002.png", 1, 0], ["car_ims/000001.png", 2, 1])).Save(Folder["cars_annos.mat"]);
        Assert.That(Ids(Train), Is.EqualTo(new[] { "cars_train/00001.png", "cars_train/00002.png" }),
            "the pictures of the file for both are not there");
        Put("car_ims/000001.png", "car_ims/000002.png");
        Assert.That((Ids(Train), Labels(Train)), Is.EqualTo((new[] { "car_ims/000002.png" }, new[] { 0 })));
        Assert.That((Ids(Test), Labels(Test)), Is.EqualTo((new[] { "car_ims/000001.png" }, new[] { 1 })));
    }

    [Test]
    public void Dogs_have_their_official_parts()
    {
        const string first = "n02085620-Chihuahua/n02085620_1.png",
            second = "n02085782-Japanese_spaniel/n02085782_2.png", third = "n02085620-Chihuahua/n02085620_3.png";
        Put("Images/" + first, "Images/" + second, "Images/" + third);
        Dogs("train", (second, 2), (first, 1));
        Dogs("test", (third, 1));

        Assert.That((Ids(Train), Labels(Train)), Is.EqualTo(
            (new[] { "Images/" + second, "Images/" + first }, new[] { 1, 0 })));
        Assert.That(Labels(Test), Is.EqualTo(new[] { 0 }));
        Assert.That(Test.ClassNames, Is.EqualTo(new[] { "Chihuahua", "Japanese_spaniel" }));

        Dogs("test", (third, 2));
        Fails(() => Train,
            $"{Folder["lists/test_list.mat"]}: entry 1: class 2 is Chihuahua here, but Japanese_spaniel elsewhere");
        Dogs("test", (third, 0));
        Fails(() => Test, $"{Folder["lists/test_list.mat"]}: entry 1: a class goes from 1 to 2, found 0");
        File.Delete(Folder["lists/test_list.mat"]);
        Fails(() => Train, $"{Folder["test_list.mat"]}: there is no such file");

        void Dogs(string part, params (string Path, int Class)[] dogs) => new MatWriter()
            .Add(MatWriter.Cells("file_list", [.. dogs.Select(dog => dog.Path)]))
            .Add(MatWriter.Numbers("labels", [.. dogs.Select(dog => dog.Class)]))
            .Save(Folder[$"lists/{part}_list.mat"]);
    }

    [Test]
    public void Flowers_are_learned_from_training_and_validation_pictures()
    {
        for (var i = 1; i <= 4; i++) Jpg($"jpg/image_0000{i}.jpg");
        Labelled(2, 1, 3, 2);
        Parts(trnid: [4], valid: [1, 3], tstid: [2]);

        Assert.That((Ids(Train), Labels(Train)), Is.EqualTo(
            (new[] { "jpg/image_00001.jpg", "jpg/image_00003.jpg", "jpg/image_00004.jpg" }, new[] { 1, 2, 1 })));
        Assert.That((Ids(Test), Labels(Test)), Is.EqualTo((new[] { "jpg/image_00002.jpg" }, new[] { 0 })));
        Assert.That(Test.ClassNames, Is.EqualTo(new[] { "1", "2", "3" }));

        Parts(trnid: [4], valid: [1, 5], tstid: [2]);
        Fails(() => Train,
            $"{Folder["setid.mat"]}: valid, entry 2: the number of a picture goes from 1 to 4, found 5");
        Labelled(2, 0, 3, 2);
        Fails(() => Test, $"{Folder["imagelabels.mat"]}: entry 2: a class goes from 1 to 3, found 0");
        new MatWriter().Add(MatWriter.Numbers("setid", 1)).Save(Folder["setid.mat"]);
        Fails(() => Test, $"{Folder["setid.mat"]}: there is no variable 'tstid'; there are setid");
        File.Delete(Folder["setid.mat"]);
        Fails(() => Test, $"{Folder["setid.mat"]}: there is no such file");

        void Labelled(params int[] labels) =>
            new MatWriter().Add(MatWriter.Numbers("labels", labels)).Save(Folder["imagelabels.mat"]);

        void Parts(int[] trnid, int[] valid, int[] tstid) => new MatWriter().Add(MatWriter.Words("trnid", trnid))
            .Add(MatWriter.Words("valid", valid)).Add(MatWriter.Words("tstid", tstid)).Save(Folder["setid.mat"]);
    }

    // What a picture is its content tells, not its name.
    private void Jpg(string name)
    {
        Put(name + ".png");
        File.Move(Folder[name + ".png"], Folder[name]);
    }
}
