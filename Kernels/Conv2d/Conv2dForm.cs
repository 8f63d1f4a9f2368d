namespace Diffract.Kernels;

/// <summary>How the weight of a convolution is packed for the CPU. Two calls whose forms are equal can share a packed
/// weight, whatever the sizes of their images.</summary>
public readonly record struct Conv2dForm
{
    /// <summary>The form that a geometry and a direction need.</summary>
    public Conv2dForm(Conv2dGeometry geometry, ConvDirection direction)
        : this(geometry, direction, ConvChoice.For(geometry, direction)) { }

    internal Conv2dForm(Conv2dGeometry geometry, ConvDirection direction, ConvAlgorithm algorithm)
    {
        Algorithm = algorithm;
        Direction = direction;
        Settings = geometry with { Batch = 1, Height = 1, Width = 1, OutHeight = 1, OutWidth = 1 };
    }

    /// <summary>True when the packed weight of a convolution should be kept for its next call, if the weight will be
    /// the same: unless the method saves memory and the packed form is much larger than the weight.</summary>
    /// <param name="geometry">Sizes and settings.</param>
    /// <param name="direction">Direction.</param>
    public static bool IsWorthKeeping(Conv2dGeometry geometry, ConvDirection direction) =>
        ConvChoice.KeepsPacked(geometry, direction);

    internal ConvAlgorithm Algorithm { get; }

    internal ConvDirection Direction { get; }

    /// <summary>The geometry without the sizes of images.</summary>
    internal Conv2dGeometry Settings { get; }

    /// <summary>Bytes of a packed weight.</summary>
    public long Bytes => Algorithm switch
    {
        ConvAlgorithm.Depthwise => Depthwise.PackedBytes(Settings),
        ConvAlgorithm.Patches => PatchConv.PackedBytes(Settings),
        ConvAlgorithm.Winograd2 => WinogradRoutes<Winograd2>.PackedBytes(Settings, Direction),
        ConvAlgorithm.Winograd4 => WinogradRoutes<Winograd4>.PackedBytes(Settings, Direction),
        _ => GatherConv.PackedBytes(Settings, Direction),
    };
}
