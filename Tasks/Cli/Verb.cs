using System.CommandLine;

namespace Diffract.Cli;

/// <summary>A verb of the program with the rest of its help page.</summary>
internal sealed class Verb(string name, string description) : Command(name, description)
{
    /// <summary>What the reader should know beyond the options; lines of at most 100 columns.</summary>
    public string Details { get; init; } = "";

    /// <summary>Commands to copy.</summary>
    public required IReadOnlyList<string> Examples { get; init; }
}
