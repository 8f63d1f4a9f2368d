using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class BrokenImageTests
{
    private static byte[] Sample(string name) => File.ReadAllBytes(Path.Combine(Pictures.Folder, name));

    private static string Problem(byte[] file) =>
        Assert.Throws<ImageException>(() => ImageFile.Decode(file, "cat.jpg"))!.Message;

    [Test]
    public void An_error_names_the_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["notes.png"], "not a picture");

        Assert.That(() => ImageFile.Read(folder["notes.png"]), Throws.TypeOf<ImageException>().With.Message.EqualTo(
            $"{folder["notes.png"]}: this is not a jpg, png, gif or bmp image"));
        Assert.That(() => ImageFile.Read(folder["absent.png"]), Throws.TypeOf<ImageException>().With.Message.EqualTo(
            $"{folder["absent.png"]}: there is no such file"));
        Assert.That(() => ImageFile.Read(folder.Path), Throws.TypeOf<ImageException>()
            .With.Message.StartsWith($"{folder.Path}: "));
        Assert.That(Problem([]), Is.EqualTo("cat.jpg: the file is empty"));
    }

    [Test]
    public void An_outage_is_no_broken_image()
    {
        const string after = "; once images can be read again, running again (a run: with --resume) goes on";
        using var folder = new TemporaryFolder();
        foreach (var absent in (string[])["gone", "empty"])
        {
            var path = Path.Combine(folder[absent], "1.png");
            if (absent == "empty") Directory.CreateDirectory(folder[absent]);
            Assert.That(() => ImageFile.Read(path), Throws.TypeOf<DiffractException>().With.Message.EqualTo(
                $"{path}: there is no such file, nor anything else in its folder{after}"));
        }
        if (OperatingSystem.IsWindows()) return;
        var loop = folder["loop.png"];
        File.CreateSymbolicLink(loop, loop);
        Assert.That(() => ImageFile.Read(loop), Throws.TypeOf<DiffractException>()
            .With.Message.StartsWith($"{loop}: the file cannot be read (").And.Message.EndsWith(")" + after));
    }

    [Test]
    public void A_file_that_is_closed_to_its_reader_is_a_broken_image()
    {
        if (Environment.IsPrivilegedProcess) Assert.Ignore("all files are open to this user");
        if (OperatingSystem.IsWindows()) return;
        using var folder = new TemporaryFolder();
        PngWriter.Save(folder["closed.png"], Pictures.Pattern(3, 2));
        File.SetUnixFileMode(folder["closed.png"], UnixFileMode.None);

        Assert.That(() => ImageFile.Read(folder["closed.png"]), Throws.TypeOf<ImageException>());
    }

    [TestCase("baseline.jpg")]
    [TestCase("progressive.jpg")]
    [TestCase("alpha.png")]
    [TestCase("palette.gif")]
    [TestCase("rgb.bmp")]
    public void A_truncated_file_is_refused_wherever_it_ends(string name)
    {
        var file = Sample(name);
        var end = ImageFile.ReadHeader(file, name).End;
        for (var length = 0; length < end; length += 1 + length / 40)
            Assert.That(() => ImageFile.Decode(file[..length], name), Throws.TypeOf<ImageException>(), $"{length}");
    }

    [Test]
    public void A_flipped_bit_in_a_png_is_found_by_the_checksum()
    {
        var file = Sample("alpha.png");
        file[file.Length / 2] ^= 4;

        Assert.That(Problem(file), Does.Contain("checksum"));
    }

    [Test]
    public void A_header_that_lies_about_the_size_cannot_take_gigabytes()
    {
        var jpeg = Sample("baseline.jpg");
        var frame = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]) + 5;
        jpeg.AsSpan(frame, 4).Fill(0xFF);
        var gif = Sample("palette.gif");
        gif.AsSpan(6, 4).Fill(0xFF);
        var bmp = Sample("rgb.bmp");
        (bmp[20], bmp[24]) = (0x70, 0x70);
        var png = Pictures.Png(60000, 60000, 8, 2, 0, [0, 1, 2, 3]);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(Problem(jpeg), Does.Contain("65535x65535"));
        Assert.That(Problem(gif), Does.Contain("65535x65535"));
        Assert.That(Problem(bmp), Does.Contain("missing"));
        Assert.That(Problem(png), Does.Contain("60000x60000"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(4 << 20));
    }

    [Test]
    public void Pixels_that_unpack_to_far_more_than_announced_are_refused()
    {
        var png = Pictures.Png(10, 10, 8, 2, 0, new byte[5 << 20]);

        Assert.That(Problem(png), Does.Contain("far more"));
    }

    [Test]
    public void Pixels_packed_with_a_preset_dictionary_are_refused()
    {
        var png = Pictures.Png(10, 10, 8, 2, 0, new byte[310]);
        png[png.AsSpan().IndexOf("IDAT"u8) + 5] = 0xF9;
        Pictures.RepairPng(png);

        Assert.That(Problem(png), Does.Contain("corrupt"));
    }

    [Test]
    public void A_picture_above_the_limit_is_refused_before_it_is_decoded()
    {
        var png = PngWriter.Encode(new Image(100, 50));

        Assert.That(() => ImageFile.Decode(png, "big.png", new() { MaxPixels = 4999 }),
            Throws.TypeOf<ImageException>().With.Message.EqualTo("big.png: 100x50 pixels exceed the 4999 allowed"));
        Assert.That(ImageFile.Decode(png, "big.png", new() { MaxPixels = 5000 }).Width, Is.EqualTo(100));
    }

    private static IEnumerable<string> Fuzzed() => Directory.GetFiles(Pictures.Folder)
        .Select(file => Path.GetFileName(file)!)
        .Where(name => File.Exists(Path.Combine(Pictures.Folder, name + ".png")))
        .Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Fuzzed)), CancelAfter(60_000)]
    public void Mutated_bytes_give_a_picture_or_one_clear_error(string name)
    {
        const int rounds = 200;
        var original = Sample(name);
        var random = new Random(name.Length * 1000 + name[0]);
        for (var round = 0; round < rounds; round++)
        {
            var file = (byte[])original.Clone();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                // Half of the mutations hit the first bytes, where the structure is.
                var at = random.Next(random.Next(2) == 0 ? file.Length : Math.Min(file.Length, 64));
                file[at] = random.Next(3) switch
                {
                    0 => (byte)random.Next(256),
                    1 => (byte)(file[at] ^ (1 << random.Next(8))),
                    _ => (byte)(random.Next(2) * 255),
                };
            }
            if (name.EndsWith(".png", StringComparison.Ordinal)) Pictures.RepairPng(file);
            try
            {
                ImageFile.Decode(file, name);
            }
            catch (ImageException e)
            {
                Assert.That(e.Message, Does.StartWith(name + ": "));
            }
        }
    }
}
