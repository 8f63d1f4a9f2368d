namespace Diffract.Kernels;

/// <summary>What a convolution on the CPU may spend memory and rounding on. Each has its own choice of algorithms by
/// shape, so results differ between them within the rounding of float32.</summary>
public enum ConvMethod
{
    /// <summary>Fast algorithms, but a packed weight that is larger than the weight is made anew for every call.
    /// </summary>
    Balanced,

    /// <summary>The fastest algorithms, with packed weights kept that are up to four times as large as the weight.
    /// </summary>
    Fast,

    /// <summary>Sums of products as the definition has them, in float32; no Winograd algorithm.</summary>
    Direct,
}
