using Diffract.Engine;
using Diffract.Model;

namespace Diffract.Benchmarks.Worker;

/// <summary>The unconditional 256-pixel network with the numbers that every compared program has.</summary>
internal static class PeerNetwork
{
    private static readonly UNetConfig config = UNetPresets.ImageNet256Unconditional;

    /// <summary>Writes its checkpoint.
    /// <c>dotnet run -c Release --project Benchmarks -- weights FILE</c></summary>
    public static void Write(string path)
    {
        using var network = new UNet(config);
        PeerNumbers.Assign(network);
        TensorFile.Save(path, network.StateDict());
    }

    /// <summary>The network, ready for inference.</summary>
    /// <param name="checkpoint">The file that <see cref="Write"/> made, which is used as a user's checkpoint is: it
    /// stays where it is. Null for numbers in memory.</param>
    /// <param name="mode">Where and how it calculates.</param>
    public static UNet Load(string? checkpoint, WorkerMode mode)
    {
        var network = checkpoint is null
            ? new UNet(config)
            : Model.Networks.Load(checkpoint, new() { Config = config, Memory = mode.Memory }).UNet;
        network.RequiresGrad(false);
        network.Eval();
        mode.ApplyTo(network);
        if (checkpoint is null) PeerNumbers.Assign(network);
        network.To(mode.Device);
        return network;
    }
}
