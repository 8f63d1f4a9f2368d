using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>How the weight of a convolution lies for a GPU's tensor cores: [columns, taps, depth] of the operands'
/// type, where columns are filters and the depth the channels of a group (forward), or the other way round (gradient of
/// the input), the depth filled up with zeros to a multiple of 16 bytes. Two calls whose forms are equal can share a
/// packed weight.</summary>
public readonly record struct Conv2dGpuForm
{
    private readonly int groups, columns, taps, stepColumn, stepDepth, channels;
    private readonly DType operands, weight;

    /// <summary>The form that a geometry and a direction need.</summary>
    /// <param name="geometry">Sizes and settings.</param>
    /// <param name="direction">Direction.</param>
    /// <param name="operands">Type of the images.</param>
    /// <param name="weight">Type of the weight.</param>
    public Conv2dGpuForm(Conv2dGeometry geometry, ConvDirection direction, DType operands, DType weight)
    {
        var g = geometry;
        var isForward = direction == ConvDirection.Forward;
        (groups, taps, this.operands, this.weight) = (g.Groups, g.Taps, operands, weight);
        (columns, channels) = isForward ? (g.GroupFilters, g.GroupChannels) : (g.GroupChannels, g.GroupFilters);
        (stepColumn, stepDepth) = isForward ? (g.GroupChannels * g.Taps, g.Taps) : (g.Taps, g.GroupChannels * g.Taps);
        var chunk = 16 / operands.Size();
        Depth = (channels + chunk - 1) / chunk * chunk;
    }

    /// <summary>True where a device convolves images of a type on its tensor cores, which read packed weights.
    /// </summary>
    public static bool IsUsed(GpuDevice device, DType images) => MmaNumbersFacts.Of(device, images) is not null;

    /// <summary>False where the weight can be used where it lies.</summary>
    public bool IsNeeded => operands != weight || Depth != channels || stepDepth != 1;

    /// <summary>Bytes of a packed weight.</summary>
    public long Bytes => Count * operands.Size();

    /// <summary>Numbers of one tap in a packed column.</summary>
    internal int Depth { get; }

    private long Count => (long)groups * columns * taps * Depth;

    /// <summary>Packs a weight.</summary>
    /// <param name="device">A device that <see cref="GpuDevice.MultipliesHalf"/>.</param>
    /// <param name="from">[F, C / groups, kH, kW].</param>
    /// <param name="to">Memory of <see cref="Bytes"/>.</param>
    public void Pack(GpuDevice device, View from, View to) => MmaPack.Run(device, weight, operands, from, to,
        new MmaPackSizes
        {
            Depth = new(Depth),
            Taps = new(taps),
            Columns = new(columns),
            Channels = channels,
            StepGroup = columns * channels * taps,
            StepColumn = stepColumn,
            StepDepth = stepDepth,
            Count = checked((int)Count),
        });
}
