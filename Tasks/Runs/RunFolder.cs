using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>The folder of one run, with everything that it was made from and has made:
/// <code>
/// recipe.json         what was asked for
/// environment.json    where and with what it ran, once for each start
/// source.json         of a training on features: network and images, which must stay the same
/// metrics.jsonl       one line of numbers a step, appended
/// events.out.tfevents.SECONDS.diffract    the same for TensorBoard
/// checkpoints/        to go on from, each written whole or not at all
/// report.html         for people
/// </code></summary>
public sealed class RunFolder
{
    /// <summary>Where runs go when nothing else is said: under the current folder.</summary>
    public const string DefaultParent = "runs";

    private RunFolder(string path) => Path = path;

    /// <summary>The folder, as the caller named it.</summary>
    public string Path { get; }

    /// <summary>Its last part.</summary>
    public string Name => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(Path));

    /// <summary>The recipe's file.</summary>
    public string RecipePath => At("recipe.json");

    /// <summary>The environments' file.</summary>
    public string EnvironmentPath => At("environment.json");

    /// <summary>The file that says what a training on features reads; see <see cref="FeatureFingerprint"/>.</summary>
    internal string SourcePath => At("source.json");

    /// <summary>The numbers' file.</summary>
    public string MetricsPath => At("metrics.jsonl");

    /// <summary>The numbers' files for TensorBoard; one once a log was opened.</summary>
    internal string[] EventPaths => Directory.GetFiles(Path, "events.out.tfevents.*.diffract");

    /// <summary>The report's file.</summary>
    public string ReportPath => At("report.html");

    /// <summary>The states to go on from.</summary>
    public Checkpoints Checkpoints => new(At("checkpoints"));

    /// <summary>Path of another file in the folder.</summary>
    public string At(string file) => System.IO.Path.Combine(Path, file);

    /// <summary>The file of the numbers for TensorBoard that is begun at a time. TensorBoard finds files by the first
    /// part of their names, and takes the latest last.</summary>
    internal string EventPath(DateTimeOffset time) => At($"events.out.tfevents.{time.ToUnixTimeSeconds()}.diffract");

    /// <summary>Makes a new run folder, which is in nobody else's use, and writes recipe and environment into it.
    /// </summary>
    /// <typeparam name="T">The recipe's record.</typeparam>
    /// <param name="path">The folder: <c>runs/digits</c>.</param>
    /// <param name="recipe">What the run does.</param>
    /// <param name="type">The record's generated description.</param>
    /// <param name="environment">Where it runs.</param>
    /// <param name="existing">What to do when the folder exists.</param>
    /// <exception cref="RunException">The folder exists and <paramref name="existing"/> is to refuse.</exception>
    public static RunFolder Create<T>(string path, T recipe, JsonTypeInfo<T> type, RunEnvironment environment,
        ExistingRun existing = ExistingRun.Refuse)
    {
        var run = new RunFolder(Claim(System.IO.Path.TrimEndingDirectorySeparator(path), existing));
        try
        {
            RecipeFile.Save(run.RecipePath, recipe, type);
            run.NoteStart(environment);
            return run;
        }
        catch
        {
            run.RemoveUnused();
            throw;
        }
    }

    /// <summary>Opens the folder of a run that was started before, to read it or to go on.</summary>
    /// <exception cref="RunException">It is not a run folder.</exception>
    public static RunFolder Open(string path)
    {
        var run = new RunFolder(System.IO.Path.TrimEndingDirectorySeparator(path));
        if (!Directory.Exists(path)) throw new RunException($"{path}: no such run");
        return File.Exists(run.RecipePath)
            ? run
            : throw new RunException($"{path}: not the folder of a run, it has no recipe.json");
    }

    /// <summary>Keeps other processes from working on this run until the result is disposed, or the process ends in
    /// whatever way.</summary>
    /// <exception cref="RunException">Another process works on it.</exception>
    public IDisposable Hold()
    {
        try
        {
            return new FileStream(At("run.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1,
                FileOptions.DeleteOnClose);
        }
        catch (IOException e) when (File.Exists(At("run.lock")))
        {
            throw new RunException($"{Path} is in use: another process works on this run", e);
        }
    }

    /// <summary>Removes the folder of a run that has made nothing: recipe, environment, source and empty logs.
    /// Otherwise it stays.</summary>
    public void RemoveUnused()
    {
        List<string> own = [RecipePath, EnvironmentPath, SourcePath];
        if (new FileInfo(MetricsPath) is { Exists: true, Length: 0 }) own.AddRange([MetricsPath, .. EventPaths]);
        if (Directory.EnumerateFileSystemEntries(Path).Except(own).Any()) return;
        foreach (var file in own) File.Delete(file);
        Directory.Delete(Path);
    }

    /// <summary>Adds one more start, of a run that is resumed.</summary>
    public void NoteStart(RunEnvironment environment)
    {
        List<RunEnvironment> starts = [.. Environments(), environment];
        var text = JsonSerializer.Serialize(starts, RunsJson.Default.ListRunEnvironment);
        AtomicFile.WriteText(EnvironmentPath, text + "\n");
    }

    /// <summary>Where the run ran: once for each start, the first one first.</summary>
    public IReadOnlyList<RunEnvironment> Environments() => File.Exists(EnvironmentPath)
        ? RecipeFile.Load(EnvironmentPath, RunsJson.Default.ListRunEnvironment)
        : [];

    // Of two runs that start together only one can create the file, and so take the name.
    private static string Claim(string path, ExistingRun existing)
    {
        for (var number = 1; ; number++)
        {
            var wanted = number == 1 ? path : $"{path}-{number}";
            if (TryClaim(wanted)) return wanted;
            if (existing == ExistingRun.Refuse)
                throw new RunException($"{path} exists already and is not overwritten: resume it, give another name, "
                    + "or remove it");
        }
    }

    private static bool TryClaim(string path)
    {
        if (File.Exists(path)) return false;
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()) return false;
        OutputFile.MakeFolder(path, path);
        var recipe = new RunFolder(path).RecipePath;
        try
        {
            using var claim = new FileStream(recipe, FileMode.CreateNew);
            return true;
        }
        catch (IOException) when (File.Exists(recipe))
        {
            return false;
        }
        catch (Exception e) when (Unwritable.IsRefusal(e))
        {
            throw Unwritable.Because(path, e);
        }
    }
}
