using System.Globalization;
using System.Text;
using Diffract.Engine;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>The page of a GPU's kernels, made of what the assembler says.</summary>
internal static class KernelsPage
{
    private const string Introduction = """
        # Kernels for GPUs

        Made from the kernels and from what NVIDIA's assembler (ptxas 12.4) says of them; do not edit. To make it anew:
        `DIFFRACT_UPDATE_DOCS=1 dotnet test Tests --filter FullyQualifiedName~AssemblerTests`, with `DIFFRACT_PTXAS`
        set to the assembler where it is not on the path.

        A row stands for a method in C# with all formulas and types that the op table runs it with, or for all that a
        generator writes (*texts*), for compute capability 8.0. None of them keeps anything in a thread's own memory:
        no stack, no spilled registers.
        Rows that begin with `Mma` are products on the tensor cores, whose texts a generator writes; networks also use
        larger tiles of them, with up to 240 registers and 98304 bytes. Those that begin with `Hopper` are products by
        warpgroups, for compute capability 9.0 alone; 168 registers are what a thread begins with, and those that
        multiply get 232.

        | kernel | texts | threads | registers | shared memory, bytes |
        | --- | ---: | ---: | ---: | ---: |

        """;

    public static string Text(IEnumerable<(IGpuKernel Kernel, Assembled Result)> kernels)
    {
        var text = new StringBuilder(Introduction.ReplaceLineEndings("\n"));
        foreach (var group in kernels.GroupBy(k => k.Kernel.Name).OrderBy(g => g.Key, StringComparer.Ordinal))
            text.Append(CultureInfo.InvariantCulture, $"| {group.Key} | {group.Count()} ")
                .Append(CultureInfo.InvariantCulture, $"| {group.First().Kernel.Threads} ")
                .Append(CultureInfo.InvariantCulture, $"| {Range(group.Select(k => k.Result.Registers))} ")
                .Append(CultureInfo.InvariantCulture, $"| {Range(group.Select(Shared))} |\n");
        return text.ToString();
    }

    private static int Shared((IGpuKernel Kernel, Assembled Result) kernel) =>
        kernel.Result.Shared + kernel.Kernel.SharedFor(80);

    private static string Range(IEnumerable<int> numbers)
    {
        var all = numbers.ToList();
        return all.Min() == all.Max() ? $"{all.Min()}" : $"{all.Min()} to {all.Max()}";
    }
}
