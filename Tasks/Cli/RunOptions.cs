using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>Options of verbs that learn or extract, and the start of their runs.</summary>
internal static class RunOptions
{
    public static Option<string?> Data(string description) => new("--data")
    {
        Description = description + ": a folder (jpg, png, bmp, gif), a known data set, or a list (docs/datasets.md)",
        HelpName = "DIR",
    };

    public static Option<string?> File(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "FILE",
    };

    public static Option<int> Number(string name, string description, int value, int least = 1) => new Option<int>(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => value,
    }.AtLeast(least);

    public static Option<int?> NumberOrNone(string name, string description, int least = 1) =>
        new Option<int?>(name) { Description = description, HelpName = "N" }.AtLeast(least);

    public static Option<int?> ImageSize() =>
        NumberOrNone("--image-size", "Side of the images, pixels; the network's own when left out");

    public static Option<int?> Label() => NumberOrNone("--label", "Class given to a class-conditional network", 0);

    public static Option<double> Real(string name, string description, double value) => new(name)
    {
        Description = description,
        HelpName = "X",
        DefaultValueFactory = _ => value,
    };

    public static Option<string> List(string name, string description, string value) => new(name)
    {
        Description = description,
        HelpName = "A,B,...",
        DefaultValueFactory = _ => value,
    };

    public static Option<ulong> Seed() => new("--seed")
    {
        Description = "Decides everything random",
        HelpName = "N",
        DefaultValueFactory = _ => 0UL,
    };

    public static Option<bool> StopOnBroken() => new("--stop-on-broken")
    {
        Description = "Stops at the first image that cannot be read, instead of skipping, counting and naming it",
    };

    public static Option<string?> Name(string verb)
    {
        var option = new Option<string?>("--name")
        {
            Description = "The run folder is runs/NAME, or runs/NAME-2 and so on where that exists; a path is taken "
                + $"as it is ({verb} when left out)",
            HelpName = "NAME",
            DefaultValueFactory = _ => verb,
        };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (Path.GetFileName(Path.TrimEndingDirectorySeparator(token.Value)).Trim() is "" or "." or "..")
                    result.AddError($"{option.Name} is the name of a run, or the path of its folder, not "
                        + $"'{token.Value}'");
        });
        return option;
    }

    public static Option<string?> Resume() => new("--resume")
    {
        Description = "Goes on with the run in this folder; its recipe decides, other options than --device and "
            + "--no-tuning are not looked at",
        HelpName = "DIR",
    };

    /// <summary>The part of a data set, where it has parts.</summary>
    public static Option<string?> Part(string fallback) =>
        CommonOptions.Choice("--part", $"Part of a data set that has parts; {fallback} when left out", "train", "test");

    public static DatasetPart ParsePart(string? word, DatasetPart fallback) => word switch
    {
        "train" => DatasetPart.Train,
        "test" => DatasetPart.Test,
        _ => fallback,
    };

    /// <summary>The value of an option that must be there unless a run is resumed.</summary>
    /// <exception cref="UsageException">It is not.</exception>
    public static string Need(ParseResult parsed, Option<string?> option) => parsed.GetValue(option)
        ?? throw new UsageException($"{option.Name} is needed: {option.Description}");

    /// <summary>Refuses options that say nothing beside another that is given.</summary>
    /// <exception cref="UsageException">One of them is given too.</exception>
    public static void Alone(ParseResult parsed, Option given, params ReadOnlySpan<Option> others)
    {
        if (parsed.GetResult(given) is not { Implicit: false }) return;
        foreach (var other in others)
            if (parsed.GetResult(other) is { Implicit: false })
                throw new UsageException($"{given.Name} and {other.Name} do not go together: leave one out");
    }

    public static IReadOnlyList<int> Integers(ParseResult parsed, Option<string> option) =>
        Parse(parsed, option, text => int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));

    /// <summary>Sizes of layers: at least one, each at least 1.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="option">The option.</param>
    /// <param name="count">How many there must be; any number when null.</param>
    /// <exception cref="UsageException">They are not.</exception>
    public static IReadOnlyList<int> Sizes(ParseResult parsed, Option<string> option, int? count = null)
    {
        var sizes = Integers(parsed, option);
        return sizes.Count > 0 && sizes.Min() >= 1 && (count ?? sizes.Count) == sizes.Count
            ? sizes
            : throw new UsageException($"{option.Name} takes {(count is { } n ? $"{n} " : "")}whole numbers from 1 "
                + $"with commas between them, found '{parsed.GetValue(option)}'");
    }

    /// <summary>Timesteps or blocks: at least one, none twice; null when the option was left out.</summary>
    /// <exception cref="UsageException">They are not.</exception>
    public static IReadOnlyList<int>? Choices(ParseResult parsed, Option<string> option, int least)
    {
        if (parsed.GetValue(option) is not { } text) return null;
        var chosen = Integers(parsed, option);
        return chosen.Count > 0 && chosen.Min() >= least && chosen.Distinct().Count() == chosen.Count
            ? chosen
            : throw new UsageException($"{option.Name} takes different numbers from {least} with commas between "
                + $"them, found '{text}'");
    }

    public static IReadOnlyList<double> Reals(ParseResult parsed, Option<string> option) =>
        Parse(parsed, option, text => double.Parse(text, CultureInfo.InvariantCulture));

    /// <summary>Makes a new run folder, or opens the one to go on with, opens the device, and runs.</summary>
    /// <param name="terminal">Where to speak.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="name">The option that names a new run.</param>
    /// <param name="resume">The option that names the run to go on with; null where there is none.</param>
    /// <param name="open">Opens the device.</param>
    /// <param name="recipe">The recipe of a new run, from the command line.</param>
    /// <param name="json">How it is written.</param>
    /// <param name="body">The run.</param>
    /// <param name="settle">Puts into the recipe of a new run what its device decides.</param>
    public static int Start<T>(Terminal terminal, ParseResult parsed, Option<string?> name, Option<string?>? resume,
        Func<Device> open, Func<T> recipe, JsonTypeInfo<T> json, Func<RunFolder, T, Device, int> body,
        Func<T, Device, T>? settle = null)
    {
        if (resume is not null && parsed.GetValue(resume) is { } folder)
        {
            var old = RunFolder.Open(folder);
            var kept = Kept(old, json, parsed.CommandResult.Command.Name);
            var again = open();
            using var closed = again as IDisposable;
            old.NoteStart(RunEnvironment.Now(Environment.CommandLine, again));
            return Guard(terminal, old, true, () => body(old, kept, again));
        }
        var wanted = parsed.GetValue(name)!;
        var path = FolderOf(wanted);
        var made = recipe();
        var device = open();
        using var owned = device as IDisposable;
        if (settle is not null) made = settle(made, device);
        var environment = RunEnvironment.Now(Environment.CommandLine, device);
        var run = RunFolder.Create(path, made, json, environment, ExistingRun.Number);
        if (run.Path != Path.TrimEndingDirectorySeparator(path))
            terminal.Error.WriteLine($"{path} exists: this run is {run.Path}");
        try
        {
            return Guard(terminal, run, resume is not null, () => body(run, made, device));
        }
        catch (Exception e) when (resume is null || e is not OperationCanceledException)
        {
            run.RemoveUnused();
            throw;
        }
    }

    /// <summary>Where a run of a name goes; a name with folders in it is a path.</summary>
    internal static string FolderOf(string name) =>
        name.AsSpan().ContainsAny(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar)
            || Path.IsPathRooted(name)
            ? name
            : Path.Combine(RunFolder.DefaultParent, name);

    private static T Kept<T>(RunFolder run, JsonTypeInfo<T> json, string verb)
    {
        try
        {
            return RecipeFile.Load(run.RecipePath, json);
        }
        catch (RunException e)
        {
            throw new RunException($"{run.Path} is no run that diffract {verb} can go on with: {e.Message}", e);
        }
    }

    private static int Guard(Terminal terminal, RunFolder run, bool resumes, Func<int> body)
    {
        try
        {
            return body();
        }
        catch (OperationCanceledException)
        {
            if (resumes) terminal.Error.WriteLine($"diffract: go on with --resume {run.Path}");
            throw;
        }
    }

    private static T[] Parse<T>(ParseResult parsed, Option<string> option, Func<string, T> parse)
    {
        var text = parsed.GetValue(option)!;
        try
        {
            return [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(parse)];
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new UsageException($"{option.Name} takes numbers with commas between them, found '{text}'");
        }
    }
}
