using Diffract.Engine;

namespace Diffract.Kernels;

/// <summary>Arguments of <see cref="Conv2d.Pack"/>.</summary>
/// <param name="Weight">[F, C / groups, kH, kW].</param>
/// <param name="Packed">Memory of <see cref="Conv2dForm.Bytes"/>.</param>
/// <param name="Form">How to pack it.</param>
public readonly record struct Conv2dPackArgs(View Weight, View Packed, Conv2dForm Form);
