using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Tasks;

/// <summary>How a frozen network uses the processor and its memory.</summary>
public sealed record InferenceRecipe
{
    /// <summary>What the weights may take of the memory.</summary>
    public MemoryMode Memory { get; init; }

    /// <summary>Patterns for names of convolutions (<c>input_blocks.*</c>) that sum products as the definition has them
    /// instead of by a Winograd algorithm; * is any text, ? one character.</summary>
    public IReadOnlyList<string> Direct { get; init; } = [];

    /// <summary>In which numbers the network calculates.</summary>
    public NetworkPrecision Precision { get; init; }

    /// <summary>Tells a network's layers.</summary>
    /// <exception cref="DiffractException">A pattern matches no convolution.</exception>
    public void ApplyTo(Module network)
    {
        foreach (var pattern in Direct.Select(p => new Glob(p)))
        {
            var found = false;
            foreach (var (path, module) in network.NamedModules())
            {
                if (module is not Conv2d conv || !pattern.Matches(path)) continue;
                conv.Method = Kernels.ConvMethod.Direct;
                found = true;
            }
            if (!found)
                throw new DiffractException($"--direct '{pattern.Pattern}' matches no convolution of the network; "
                    + "diffract inspect lists the names of its weights");
        }
        network.UseMemory(Memory);
    }
}
