using System.Globalization;
using System.Text.RegularExpressions;

namespace Diffract.Tasks;

/// <summary>The states of a run that it can go on from: <c>step-00001000.safetensors</c> and so on. A file is there
/// whole or not at all, since writers use <c>AtomicFile</c>.</summary>
public sealed partial class Checkpoints
{
    internal Checkpoints(string folder) => Folder = folder;

    /// <summary>Where they are.</summary>
    public string Folder { get; }

    /// <summary>The checkpoints, oldest step first.</summary>
    public IReadOnlyList<Checkpoint> All => Directory.Exists(Folder)
        ? [.. Directory.EnumerateFiles(Folder).Select(Parse).OfType<Checkpoint>().OrderBy(c => c.Step)]
        : [];

    /// <summary>The checkpoint with the most steps; null when there is none.</summary>
    public Checkpoint? Latest => All is [.., var last] ? last : null;

    /// <summary>Writes the checkpoint of a step, then removes the oldest ones.</summary>
    /// <param name="step">Steps done; it goes on with the next.</param>
    /// <param name="write">Writes the state to the path it is given, atomically.</param>
    /// <param name="keep">How many to keep; at least 1.</param>
    public Checkpoint Save(long step, Action<string> write, int keep = 2)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        Directory.CreateDirectory(Folder);
        var path = Path.Combine(Folder, $"step-{step:00000000}.safetensors");
        write(path);
        foreach (var old in All.Where(c => c.Step != step).SkipLast(keep - 1)) File.Delete(old.Path);
        return new Checkpoint(step, path);
    }

    /// <summary>Removes all of them: the run is done, and what it leaves is elsewhere.</summary>
    public void Remove()
    {
        foreach (var checkpoint in All) File.Delete(checkpoint.Path);
        if (Directory.Exists(Folder) && !Directory.EnumerateFileSystemEntries(Folder).Any()) Directory.Delete(Folder);
    }

    private static Checkpoint? Parse(string path) => FileName().Match(Path.GetFileName(path)) is { Success: true } match
        ? new Checkpoint(long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture), path)
        : null;

    [GeneratedRegex(@"^step-(\d{1,18})\.safetensors$")]
    private static partial Regex FileName();
}
