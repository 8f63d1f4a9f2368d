namespace Diffract.Tasks;

/// <summary>What a conversion has written.</summary>
/// <param name="Tensors">Tensors written.</param>
/// <param name="Bytes">Bytes of their elements.</param>
/// <param name="LeftOut">Numbers, texts and flags that the target's format has no place for.</param>
/// <param name="BecameInfinite">Values that were too large for the target's type.</param>
public sealed record ConversionReport(int Tensors, long Bytes, IReadOnlyList<string> LeftOut, long BecameInfinite);
