using System.CommandLine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>The option that says in which numbers a network calculates.</summary>
/// <param name="description">Of the option.</param>
internal sealed class PrecisionWords(string description)
{
    private static readonly Dictionary<string, NetworkPrecision> words = new(StringComparer.Ordinal)
    {
        ["auto"] = NetworkPrecision.Auto,
        ["float32"] = NetworkPrecision.Float32,
        ["tf32x3"] = NetworkPrecision.Tf32x3,
        ["tf32"] = NetworkPrecision.Tf32,
        ["float16"] = NetworkPrecision.Float16,
        ["bfloat16"] = NetworkPrecision.BFloat16,
    };

    /// <summary>The option.</summary>
    public Option<string?> Option { get; } = CommonOptions.Choice("--precision", description, [.. words.Keys]);

    /// <summary>What a command line says.</summary>
    public NetworkPrecision Of(ParseResult parsed) => words[parsed.GetValue(Option) ?? "auto"];

    /// <summary>The word of a precision.</summary>
    public static string Word(NetworkPrecision precision) => words.First(word => word.Value == precision).Key;
}
