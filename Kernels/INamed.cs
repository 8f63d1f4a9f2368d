namespace Diffract.Kernels;

/// <summary>A formula with a name.</summary>
public interface INamed
{
    /// <summary>The operation's name in messages and in the op table: <c>silu</c>.</summary>
    static abstract string Name { get; }
}
