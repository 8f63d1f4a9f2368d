namespace Diffract.Tasks;

/// <summary>Where features come from. It is saved with what is trained on them, so that they can be made again.
/// </summary>
/// <param name="ImageSize">Side of the images given to the network, pixels; 0 when unknown.</param>
/// <param name="Pool">Side larger maps were averaged to; 0 for maps as the network made them.</param>
/// <param name="Network">File name of the network's checkpoint; empty when unknown.</param>
/// <param name="NetworkSha256">SHA-256 of the checkpoint, lower-case hexadecimal; empty when unknown.</param>
/// <param name="Noise">Which noise the images carry, in words; empty when unknown.</param>
public sealed record FeatureOrigin(int ImageSize = 0, int Pool = 0, string Network = "", string NetworkSha256 = "",
    string Noise = "")
{
    /// <summary>Whether other features come from another checkpoint, as far as both say. One that was converted is
    /// another file with the same network in it, so this is for notes and no error.</summary>
    public bool IsOfAnotherNetwork(FeatureOrigin other) => NetworkSha256.Length > 0 && other.NetworkSha256.Length > 0
        && NetworkSha256 != other.NetworkSha256;
}
