namespace Diffract.Kernels;

/// <summary>Arguments of a kernel whose cost <see cref="MultiplyAdds"/> counts.</summary>
public interface ICounted
{
    /// <summary>Multiply-accumulates by definition.</summary>
    long Products { get; }
}
