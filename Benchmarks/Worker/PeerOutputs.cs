using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Benchmarks.Worker;

/// <summary>What the 256-pixel network calculates in every mode, for a comparison of its rounding errors with those of
/// other libraries.</summary>
internal static class PeerOutputs
{
    private const int Block = 24;

    /// <summary>Writes the outputs and the maps of block 24 as <c>MODE.output</c> and <c>MODE.b24</c> [1, C, H, W].
    /// <c>dotnet run -c Release --project Benchmarks -- outputs CHECKPOINT FILE</c></summary>
    /// <param name="checkpoint">The network's, from the verb <c>weights</c>.</param>
    /// <param name="path">The file to write.</param>
    public static void Write(string checkpoint, string path)
    {
        using var scope = Scope.Open();
        using var no = GradMode.No();
        var results = new Dictionary<string, Tensor>();
        foreach (var word in new[] { "fast", "balanced", "lean", "direct" })
        {
            using var network = PeerNetwork.Load(checkpoint, WorkerMode.Parse(word)!.Value);
            var y = network.Run(PeerNumbers.Maps("x", 1, 3, [256, 256]), Tensor.Full([1], 500f),
                taps: Taps.At(Block).AndOutput());
            results.Add(word + ".b24", y[Block].Permute(0, 3, 1, 2).Contiguous());
            results.Add(word + ".output", y.Result.Permute(0, 3, 1, 2).Contiguous());
        }
        TensorFile.Save(path, results);
    }
}
