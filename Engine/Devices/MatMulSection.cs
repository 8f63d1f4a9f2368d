namespace Diffract.Engine;

/// <summary>A section of code in which a GPU multiplies float32 matrices in a way of its own; ends with
/// <see cref="Dispose"/>.</summary>
/// <remarks>The way belongs to the device, not to a thread: sections on one device follow each other or lie within
/// each other.</remarks>
public readonly ref struct MatMulSection
{
    private readonly GpuDevice? device;
    private readonly MatMulPrecision before;

    private MatMulSection(GpuDevice device, MatMulPrecision precision)
    {
        (this.device, before) = (device, device.MatMulPrecision);
        device.MatMulPrecision = precision;
    }

    /// <summary>Multiplies in this way until the result is disposed.</summary>
    /// <param name="device">Where; nothing changes where it is no GPU.</param>
    /// <param name="precision">The way; null to leave it as it is.</param>
    public static MatMulSection Use(Device device, MatMulPrecision? precision) =>
        device is GpuDevice gpu && precision is { } way ? new(gpu, way) : default;

    /// <summary>Restores what was before.</summary>
    public void Dispose()
    {
        if (device is not null) device.MatMulPrecision = before;
    }
}
