using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Arguments of <see cref="MatMul.Pack"/>.</summary>
/// <param name="B">[depth, columns], or [columns, depth] when transposed.</param>
/// <param name="Packed">Memory of <see cref="MatMulForm.Bytes"/>.</param>
/// <param name="Form">What is packed.</param>
public readonly record struct MatMulPackArgs(View B, View Packed, MatMulForm Form);
