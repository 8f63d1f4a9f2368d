namespace Diffract.Model;

/// <summary>Which part of the network a block belongs to.</summary>
public enum BlockKind
{
    /// <summary>On the way down; its output is also a skip connection.</summary>
    Encoder,

    /// <summary>Between.</summary>
    Mid,

    /// <summary>On the way up; takes a skip connection.</summary>
    Decoder,
}
