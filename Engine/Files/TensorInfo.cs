namespace Diffract.Engine;

/// <summary>What a file says of one tensor, without reading its elements.</summary>
public sealed class TensorInfo
{
    // A shape has room for the most axes there can be; a header can name a million tensors.
    private readonly long[] lengths;

    internal TensorInfo(string name, DType dtype, Shape shape, FileSection section, long offset, long[]? strides = null)
    {
        (Name, DType, lengths) = (name, dtype, shape.Rank == 0 ? [] : shape.ToArray());
        (Section, SectionOffset, Strides) = (section, offset, strides);
    }

    /// <summary>Its name in the file; for nested dictionaries and lists the keys and positions joined by dots:
    /// <c>optimizer.state.0.exp_avg</c>.</summary>
    public string Name { get; internal set; }

    /// <summary>Type of the elements.</summary>
    public DType DType { get; }

    /// <summary>Lengths of the axes.</summary>
    public Shape Shape => Shape.Of(lengths);

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>Bytes of the elements, written one after the other.</summary>
    public long Bytes => Shape.Count * DType.Size();

    internal FileSection Section { get; }

    /// <summary>First element, in bytes from the start of the section.</summary>
    internal long SectionOffset { get; }

    /// <summary>Distances in elements, never negative; null for row-major.</summary>
    internal long[]? Strides { get; }

    /// <summary>Position of the first element in the file.</summary>
    internal long At => Section.At + SectionOffset;

    /// <summary>Bytes from the first element to the end of the last, gaps included.</summary>
    internal long Span
    {
        get
        {
            if (Strides is null || Count == 0) return Bytes;
            long last = 0;
            for (var axis = 0; axis < Shape.Rank; axis++) last += (Shape[axis] - 1) * Strides[axis];
            return (last + 1) * DType.Size();
        }
    }

    internal TensorInfo Renamed(string name) => new(name, DType, Shape, Section, SectionOffset, Strides);

    /// <summary>"a.weight Float32 [4, 3, 3, 3]".</summary>
    public override string ToString() => $"{Name} {DType} {Shape}";
}
