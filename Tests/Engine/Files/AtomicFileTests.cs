using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests;

public sealed class AtomicFileTests
{
    [TearDown]
    public void Remove() => FileCases.RemoveTemporary();

    [Test]
    public void A_file_is_made_and_replaced()
    {
        var path = FileCases.TemporaryPath("text");
        AtomicFile.WriteText(path, "old \u00fc");
        Assert.That(File.ReadAllText(path), Is.EqualTo("old \u00fc"));
        AtomicFile.WriteText(path, "new");
        Assert.That(File.ReadAllText(path), Is.EqualTo("new"));
        Assert.That(Beside(path), Is.Empty);
    }

    [Test]
    public void When_writing_fails_the_old_file_stays()
    {
        var path = FileCases.TemporaryPath("kept");
        AtomicFile.WriteText(path, "old");
        for (var writes = 0; writes < 4; writes++)
        {
            Assert.That(() => AtomicFile.Write(path, stream =>
            {
                for (var i = 0; i < writes; i++) stream.Write(new byte[100_000]);
                throw new IOException("No space left on device");
            }), Throws.InstanceOf<IOException>());
            Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
            Assert.That(Beside(path), Is.Empty);
        }
    }

    [Test]
    public void Whoever_has_the_old_file_open_keeps_the_old_content()
    {
        var path = FileCases.TemporaryPath("open");
        AtomicFile.WriteText(path, "old");
        using var old = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        using var reader = new StreamReader(old);
        AtomicFile.WriteText(path, "new");
        Assert.That(reader.ReadToEnd(), Is.EqualTo("old"));
    }

    [Test]
    public void A_name_that_cannot_be_replaced_leaves_nothing_behind()
    {
        var path = FileCases.TemporaryPath("folder");
        Directory.CreateDirectory(path);
        Assert.That(() => AtomicFile.WriteText(path, "x"),
            Throws.TypeOf<IOException>().With.Message.EqualTo($"{path} cannot be written: it is a folder"));
        Assert.That(Beside(path), Is.EqualTo(new[] { path }));
    }

    [Test]
    public void What_cannot_be_written_is_said_of_the_file_that_was_asked_for()
    {
        var path = FileCases.TemporaryPath("file");
        AtomicFile.WriteText(path, "old");
        var folder = Path.GetDirectoryName(path)!;
        Refused(Path.Combine(folder, "absent", "x"), $"there is no folder {Path.Combine(folder, "absent")}");
        Refused(Path.Combine(path, "x"), $"{path} is a file, not a folder");
        Refused(Path.Combine(path, "x", "y"), $"{path} is a file, not a folder");
        if (OperatingSystem.IsLinux()) Refused("/proc/x", "nothing can be made in /proc");

        static void Refused(string path, string why) => Assert.That(() => AtomicFile.WriteText(path, "x"),
            Throws.TypeOf<IOException>().With.Message.EqualTo($"{path} cannot be written: {why}"));
    }

    [Test]
    public void What_a_killed_run_left_is_removed_and_what_a_living_one_writes_is_not()
    {
        var path = FileCases.TemporaryPath("state");
        string Left(string random, TimeSpan age)
        {
            var left = Path.Combine(Path.GetDirectoryName(path)!, $".state.{random}.tmp");
            File.WriteAllText(left, "half");
            File.SetLastWriteTimeUtc(left, DateTime.UtcNow - age);
            return left;
        }
        var day = TimeSpan.FromDays(1);
        string old = Left("a", day), living = Left("b", day), fresh = Left("c", TimeSpan.Zero);
        using (new FileStream(living, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            AtomicFile.WriteText(path, "new");
        Assert.That(File.Exists(old), Is.False);
        Assert.That(File.Exists(living), Is.True);
        Assert.That(File.Exists(fresh), Is.True);
        Assert.That(File.ReadAllText(path), Is.EqualTo("new"));
    }

    [TestCase(12)]
    [TestCase(200, Explicit = true, Category = "long")]
    public void A_process_killed_while_saving_leaves_a_whole_file(int kills)
    {
        var folder = Path.GetDirectoryName(FileCases.TemporaryPath("x"))!;
        var paths = SavingChild.Names.Select(name => Path.Combine(folder, name)).ToList();
        var random = new Random(12);
        var last = new int[paths.Count];
        for (var kill = 0; kill < kills; kill++)
        {
            using var child = SavingChild.Start(folder);
            Thread.Sleep(random.Next(40));
            child.Kill();
            child.WaitForExit();
            for (var i = 0; i < paths.Count; i++)
            {
                var number = SavingChild.Read(paths[i]);
                Assert.That(number, Is.GreaterThan(last[i]), "each process saves at least once");
                last[i] = number;
            }
        }
        var left = Directory.GetFiles(folder).Except(paths).ToList();
        Assert.That(left, Is.Not.Empty, "no process was killed in the middle of a save: the test tests nothing");
        foreach (var file in left) File.SetLastWriteTimeUtc(file, DateTime.UtcNow - TimeSpan.FromHours(1));
        for (var i = 0; i < paths.Count; i++) SavingChild.Save(paths[i], last[i] + 1);
        Assert.That(Directory.GetFiles(folder), Is.EquivalentTo(paths), "what they left behind is gone");
        TestContext.Out.WriteLine($"{left.Count} saves of {kills} processes were cut short, {last[0]} ended");
    }

    private static IEnumerable<string> Beside(string path) =>
        Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!)
            .Where(entry => !File.Exists(path) || entry != path);
}
