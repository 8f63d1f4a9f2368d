namespace Diffract.Model;

/// <summary>A network with the numbers of a checkpoint.</summary>
/// <param name="Network">A <see cref="UNet"/> or an <see cref="EncoderUNet"/>.</param>
/// <param name="Detected">How its architecture was found.</param>
public sealed record LoadedNetwork(UNetTrunk Network, DetectedNetwork Detected) : IDisposable
{
    /// <summary>The network as a U-Net.</summary>
    /// <exception cref="InvalidOperationException">It is a classifier.</exception>
    public UNet UNet => Network as UNet
        ?? throw new InvalidOperationException("the checkpoint is a classifier (it has no output blocks), not a U-Net");

    /// <summary>The network as a classifier.</summary>
    /// <exception cref="InvalidOperationException">It is a U-Net.</exception>
    public EncoderUNet Encoder => Network as EncoderUNet
        ?? throw new InvalidOperationException("the checkpoint is a U-Net (it has output blocks), not a classifier");

    /// <summary>Releases the network.</summary>
    public void Dispose() => Network.Dispose();
}
