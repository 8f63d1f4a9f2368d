using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>MATLAB files that are damaged or of another kind; whole ones are read by the tests of data sets.</summary>
internal sealed class MatFileTests : DatasetFolder
{
    [Test]
    public void Numbers_of_all_sizes_texts_and_structs_are_read()
    {
        new MatWriter().Add(MatWriter.Numbers("small", 1, 2, 255))
            .Add(MatWriter.Numbers("large", 300, -4), packed: false)
            .Add(MatWriter.Words("words", 7, 65535)).Add(MatWriter.Cells("texts", "a", "Grüße", "four"))
            .Add(MatWriter.Struct("rows", ["id", "name"], [1, "x"], [2, "y"])).Save(Folder["a.mat"]);

        var file = MatFile.Read(Folder["a.mat"]);

        Assert.That(file.Integers("small"), Is.EqualTo(new[] { 1, 2, 255 }));
        Assert.That(file.Integers("large"), Is.EqualTo(new[] { 300, -4 }));
        Assert.That(file.Integers("words"), Is.EqualTo(new[] { 7, 65535 }));
        Assert.That(file.Texts("texts"), Is.EqualTo(new[] { "a", "Grüße", "four" }));
        Assert.That((file.Integers("rows", "id"), file.Texts("rows", "name")),
            Is.EqualTo((new[] { 1, 2 }, new[] { "x", "y" })));
        Fails(() => file.Texts("rows", "age"), $"{Folder["a.mat"]}: rows is no struct array with a field 'age'");
        Fails(() => file.Integers("rows", "name"),
            $"{Folder["a.mat"]}: rows.name, entry 1: a whole number is expected");
        Fails(() => file.Texts("none"),
            $"{Folder["a.mat"]}: there is no variable 'none'; there are large, rows, small, texts, words");
    }

    [Test]
    public void A_file_that_is_cut_short_anywhere_says_where()
    {
        foreach (var packed in new[] { false, true })
        {
            var whole = new MatWriter().Add(MatWriter.Struct("rows", ["id", "name"], [1, "x"], [2, "y"]), packed)
                .ToArray();
            for (var length = 0; length < whole.Length; length++)
            {
                // Behind the header comes the first variable, or nothing.
                if (length == 128) continue;
                File.WriteAllBytes(Folder["a.mat"], whole[..length]);
                Assert.That(() => MatFile.Read(Folder["a.mat"]), Throws.TypeOf<FileFormatException>()
                    .With.Message.Contains($"{Folder["a.mat"]}: byte "), $"{length} of {whole.Length} bytes");
            }
        }
    }

    [Test]
    public void Damage_is_found_and_never_runs_away()
    {
        var whole = new MatWriter().Add(MatWriter.Struct("rows", ["id", "name"], [1, "x"], [2, "y"]), packed: false)
            .ToArray();
        for (var at = 128; at < whole.Length; at++)
            foreach (var value in new byte[] { 0, 127, 255 })
            {
                byte[] damaged = [.. whole];
                damaged[at] = value;
                File.WriteAllBytes(Folder["a.mat"], damaged);
                // Bytes of texts and filling may be anything.
                try
                {
                    MatFile.Read(Folder["a.mat"]);
                }
                catch (FileFormatException e)
                {
                    Assert.That(e.Message, Does.StartWith(Folder["a.mat"]));
                }
            }
        var packed = new MatWriter().Add(MatWriter.Numbers("n", 1, 2, 3)).ToArray();
        packed[140] ^= 0xFF;
        File.WriteAllBytes(Folder["a.mat"], packed);
        Assert.That(() => MatFile.Read(Folder["a.mat"]), Throws.TypeOf<FileFormatException>());
    }

    [Test]
    public void Other_kinds_of_files_are_named()
    {
        File.WriteAllBytes(Folder["a.mat"], [.. "MATLAB 7.3 MAT-file"u8, .. new byte[200]]);
        Assert.That(() => MatFile.Read(Folder["a.mat"]), Throws.TypeOf<FileFormatException>()
            .With.Message.Contains("version 7.3 (HDF5)"));
        File.WriteAllBytes(Folder["a.mat"], new byte[300]);
        Assert.That(() => MatFile.Read(Folder["a.mat"]), Throws.TypeOf<FileFormatException>()
            .With.Message.Contains("no little-endian MATLAB file"));
    }
}
