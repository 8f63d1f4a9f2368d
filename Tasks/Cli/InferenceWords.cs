using System.CommandLine;
using Diffract.Model;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>Options that say how a frozen network uses the processor and its memory.</summary>
internal sealed class InferenceWords
{
    private readonly Option<string?> memory = Memory();

    private readonly Option<string[]> direct = new("--direct")
    {
        Description = "Convolutions without Winograd's algorithms, by name; * is any text; can be repeated",
        HelpName = "GLOB",
        DefaultValueFactory = _ => [],
    };

    /// <summary>The choice between speed and memory.</summary>
    public static Option<string?> Memory() => CommonOptions.Choice("--memory",
        "What the network's weights may take: balanced (default) little more than their size, fast keeps packed forms "
        + "too, lean keeps them in 16 bits", "balanced", "fast", "lean");

    /// <summary>The mode that a word of the command line means.</summary>
    public static MemoryMode Parse(string? word) => word switch
    {
        "fast" => MemoryMode.Fast,
        "lean" => MemoryMode.Lean,
        _ => MemoryMode.Balanced,
    };

    private readonly PrecisionWords precision = new("Numbers that the network calculates with: auto (default) is "
        + "float16 on a GPU, bfloat16 where gradients pass through it, float32 elsewhere; tf32x3 and tf32 are for GPUs"
        + ". Heads calculate in float32");

    public Option[] Options => [memory, direct, precision.Option];

    public InferenceRecipe Recipe(ParseResult parsed) => new()
    {
        Memory = Parse(parsed.GetValue(memory)),
        Direct = parsed.GetValue(direct) ?? [],
        Precision = precision.Of(parsed),
    };
}
