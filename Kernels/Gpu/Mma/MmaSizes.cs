namespace Diffract.Kernels;

/// <summary>Sizes of one operand, in numbers of its type.</summary>
internal struct MmaSide
{
    /// <summary>Numbers between entries of the batch, or groups.</summary>
    public long Step;

    /// <summary>Numbers between neighbouring rows of a matrix, or pixels of an image.</summary>
    public int Lead;

    /// <summary>Length of the sums; of one tap's part of them where they walk over taps.</summary>
    public int Depth;
}

/// <summary>What a convolution's filters see.</summary>
internal struct MmaWindow
{
    /// <summary>The grid of places that rows, or the depth, count.</summary>
    public Divisor GridHeight, GridWidth;

    /// <summary>Size of the image that is read.</summary>
    public int ImageHeight, ImageWidth;

    /// <summary>Settings of the filters.</summary>
    public int KernelWidth, PaddingH, PaddingW, DilationH, DilationW;

    /// <summary>Pixels between neighbouring places of a filter.</summary>
    public Divisor StrideH, StrideW;
}

/// <summary>Sizes of a product as the kernel takes them.</summary>
internal struct MmaSizes
{
    /// <summary>The operands.</summary>
    public MmaSide Left, Right;

    /// <summary>What filters see, where an operand is an image.</summary>
    public MmaWindow Window;

    /// <summary>Elements of the result between entries of the batch, and between parts of the sums.</summary>
    public long StepResult, StepPart;

    /// <summary>Elements between rows of the result.</summary>
    public int LeadResult;

    /// <summary>Rows of the result.</summary>
    public int Rows;

    /// <summary>Columns of one segment: tiles do not reach over its end.</summary>
    public int Columns;

    /// <summary>Segments of the columns: the taps of a weight's gradient, otherwise one.</summary>
    public int Segments;

    /// <summary>Slices of the whole depth, and of one part of it.</summary>
    public int Slices, PartSlices;

    /// <summary>Parts of the depth; each has a result of its own.</summary>
    public int Parts;

    /// <summary>Elements of the bias between entries.</summary>
    public int StepBias;

    /// <summary>Not 0 when the bias has the operands' 16-bit type.</summary>
    public int HalfBias;

    /// <summary>Factors of the product, and of what the result held before; a <see cref="Beta"/> of 0 does not read
    /// it.</summary>
    public float Alpha, Beta;
}
