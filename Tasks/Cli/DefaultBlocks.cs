using System.CommandLine;
using Diffract.Engine;
using Diffract.Tasks;

namespace Diffract.Cli;

/// <summary>The paper's blocks, which are taken where none are named, are those of a network of 37.</summary>
internal static class DefaultBlocks
{
    /// <summary>Asks for blocks where the network lacks the paper's.</summary>
    /// <param name="parsed">What was said.</param>
    /// <param name="option">The option that names blocks.</param>
    /// <param name="network">Checkpoint of the network.</param>
    /// <param name="blocks">What is taken when nothing was said; null for block 24.</param>
    /// <exception cref="DiffractException">Nothing was said, and the network has no such blocks.</exception>
    public static void Check(ParseResult parsed, Option option, string network, IReadOnlyList<int>? blocks)
    {
        if (parsed.GetResult(option) is { Implicit: false }) return;
        blocks ??= [24];
        var last = new FeatureInput { Path = "", Network = network }.AllBlocks().Count;
        if (blocks.Max() > last)
            throw new DiffractException($"{option.Name} is needed: {network} has blocks 1 to {last}, not the paper's "
                + $"{string.Join(", ", blocks)} that are taken when none are named; a sweep shows which are good");
    }
}
