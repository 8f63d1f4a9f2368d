namespace Diffract.Kernels;

/// <summary>The ways of the CPU to convolve in float32.</summary>
internal enum ConvAlgorithm
{
    /// <summary>A product with a gathered left operand: any settings.</summary>
    Gather,

    /// <summary>Channel by channel, where every channel is a group.</summary>
    Depthwise,

    /// <summary>A plain product, where windows do not overlap; for the input's gradient.</summary>
    Patches,

    /// <summary>F(2 x 2, 3 x 3).</summary>
    Winograd2,

    /// <summary>F(4 x 4, 3 x 3).</summary>
    Winograd4,
}
